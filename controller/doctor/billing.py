"""Asking one billing everything that `doctor` wants to know of it: reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.billing import assumptions
from controller.billing.assumptions import ASSUMPTIONS, Assumed
from controller.billing.client import BillingClient
from controller.billing.settings import CustomFields
from controller.billing.source import INFO_FLAGS, LIST_FLAGS, PortaBilling
from controller.billing.values import Unreadable
from controller.billing.wire import AccountRow, decode_account, decode_page
from controller.doctor import api_document, fields, release
from controller.doctor.catalog import judge_products
from controller.doctor.checks import Check, Findings
from controller.doctor.differences import NAME as API_DOCUMENT
from controller.doctor.differences import differences
from controller.doctor.listing import has_service, judge_addons, judge_page, samples
from controller.doctor.questions import Questions
from desired_state.account import Account
from desired_state.catalog import CatalogEntry
from platforms.driver import PlatformError

_FIELDS_OF = {"account": assumptions.ACCOUNT_FIELDS, "customer": assumptions.CUSTOMER_FIELDS}


@dataclass(frozen=True, slots=True)
class BillingTarget:
    """One billing to be asked: its client, the source that the daemon reads by it, and its part of the catalog."""

    client: BillingClient
    source: PortaBilling
    entries: tuple[CatalogEntry, ...]

    @property
    def fields(self) -> CustomFields:
        """The configured custom fields."""
        return self.client.settings.custom_fields


async def examine_billing(target: BillingTarget) -> list[Check]:
    """Everything about one billing. What cannot be asked without a session is left out where there is none."""
    findings = Findings(target.source.name)
    try:
        await target.client.log_in()
    except PlatformError as error:
        left_out = findings.warn(
            "login", "not looked at without it: release, rights, accounts, custom fields, products"
        )
        return [findings.fail("login", error.text), left_out, *await _api_document(target, findings)]
    logged_in = findings.ok("login", f"billing accepts our login as {target.client.settings.login!r}")
    return [logged_in, *await _Examination(target, findings).checks(), *await _api_document(target, findings)]


class _Examination:
    """Asking with a session."""

    def __init__(self, target: BillingTarget, findings: Findings) -> None:
        self._target = target
        self._findings = findings
        self._client = target.client
        self._questions = Questions(findings)

    async def checks(self) -> list[Check]:
        """All that can be told, and then which calls were answered."""
        told = [*await self._release(), *await self._accounts(), *await self._products()]
        return [*told, *self._questions.checks(_not_needed(self._target.fields))]

    async def _release(self) -> list[Check]:
        version = await self._ask(assumptions.VERSION, {})
        environment = await self._ask(assumptions.ENVIRONMENT, {})
        return release.judge(self._findings, version, environment, self._client.settings.environment)

    async def _accounts(self) -> list[Check]:
        page_size = self._client.settings.page_size
        params = {"limit": page_size, "offset": 0, **LIST_FLAGS}
        page = await self._questions.note(assumptions.LIST, self._client.read(assumptions.LIST, params, decode_page))
        if page is None:
            return [
                self._findings.warn("custom_fields", "not looked at: there is no account list to take samples from")
            ]
        chosen = samples(page.rows, self._target.entries)
        infos = [info for row in chosen if (info := await self._account(row.i_account)) is not None]
        with_addons = sum(bool(info.details and info.details.addons) for info in infos)
        return [
            *judge_page(self._findings, page, page_size),
            judge_addons(self._findings, page.rows, with_addons),
            *await self._custom_fields(chosen),
        ]

    async def _account(self, i_account: int) -> Account | None:
        params = {"i_account": i_account, **INFO_FLAGS}
        return await self._questions.note(assumptions.INFO, self._decoded_account(params))

    async def _decoded_account(self, params: Mapping[str, object]) -> Account | None:
        answer = await self._client.call(assumptions.INFO, params)
        return decode_account(answer, self._client.settings.environment)

    async def _custom_fields(self, rows: Sequence[AccountRow]) -> list[Check]:
        """Of the other owner than the configured one, too: a wrong `owner` is an easy mistake."""
        if not rows:
            text = "not looked at, as details are not: billing shows no open account to take as a sample"
            return [self._findings.warn(fields.NAME, text)]
        owners = {
            "account": [{"i_account": row.i_account} for row in rows],
            "customer": [{"i_customer": number} for number in dict.fromkeys(row.i_customer for row in rows) if number],
        }
        seen = {}
        for owner, keys in owners.items():
            answers = [answer for key in keys if (answer := await self._ask(_FIELDS_OF[owner], key)) is not None]
            try:
                seen[owner] = fields.SeenFields.of(answers)
            except Unreadable as error:
                return [self._findings.fail(fields.NAME, f"the custom fields cannot be read: {error.text}")]
        served = any(has_service(row, self._target.entries) for row in rows)
        return list(fields.judge_fields(self._findings, self._target.fields, seen, served=served))

    async def _products(self) -> list[Check]:
        products = await self._questions.note(assumptions.PRODUCTS, self._target.source.products())
        if products is None:
            return [self._findings.warn("products", "not looked at: billing does not give the list of its products")]
        return list(judge_products(self._findings, self._target.entries, products))

    async def _ask(self, operation: str, params: Mapping[str, object]) -> Mapping[str, object] | None:
        return await self._questions.note(operation, self._client.call(operation, params))


async def _api_document(target: BillingTarget, findings: Findings) -> list[Check]:
    try:
        document = await target.client.document(api_document.PATH)
    except PlatformError as error:
        return [findings.warn(API_DOCUMENT, f"the API document could not be had, and nothing compared: {error.text}")]
    unneeded = _not_needed(target.fields)
    needed: list[Assumed] = [each for each in ASSUMPTIONS if each.operation not in unneeded]
    return differences(findings.target, document, needed)


def _not_needed(custom_fields: CustomFields) -> frozenset[str]:
    """Calls that this configuration can do without."""
    needed = _FIELDS_OF[custom_fields.owner] if custom_fields.any_configured else None
    return frozenset(_FIELDS_OF.values()) - {needed}
