"""A Ministra driver on a simulated portal, and what its tests need to say about both."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote_plus

import httpx

from desired_state.account import Contact, Secret
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.driver import Driver, Reference
from platforms.endpoint import Endpoint
from platforms.ministra.simulated import User
from platforms.ministra.simulator import PASSWORD, USERNAME, MinistraSimulator
from platforms.registry import DRIVERS, DriverSettings
from platforms.transport import Http
from tests.clocks import VirtualClock, draws

OWNER = Owner(3, 7)
MAC, OTHER_MAC = "001A79000001", "001A79000002"
SHOWN_MAC = "00:1A:79:00:00:01"
SPEC = SubscriberSpec(
    enabled=True,
    packages=("basic", "sport"),
    device_ids=(MAC,),
    password=Secret("f1", "first"),
    contact=Contact(first_name="Ana Doe", phone="123"),
    note=OWNER.note,
    account_number="7",
)


def built(
    http: Http, clock: VirtualClock | None = None, *, password: str = PASSWORD, dialect: dict[str, object] | None = None
) -> Driver:
    settings = DriverSettings(
        endpoint=Endpoint(target="tv", url="http://tv"), username=USERNAME, password=password, dialect=dialect or {}
    )
    return DRIVERS["ministra"].build(settings, clock or VirtualClock(), http=http)


class Bed:
    """The portal and the driver on it. `log` is every request since the last `forget`: method, path and form."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.simulator = MinistraSimulator(self.clock, draws())
        self.portal = self.simulator.portal
        self.log: list[tuple[str, str, str]] = []
        self._app = httpx.ASGITransport(self.simulator)
        self.driver = built(httpx.MockTransport(self._logged), self.clock)

    async def _logged(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/stalker_portal/api/")
        self.log.append((request.method, path, unquote_plus(request.content.decode())))
        answer = await self._app.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

    def behind(
        self,
        instead: Callable[[httpx.Request], httpx.Response | httpx.Request | None] = lambda _: None,
        content: Callable[[bytes], bytes] = lambda body: body,
    ) -> Driver:
        """A driver that reaches the portal through something that answers, or asks, instead, or alters answers."""

        async def answer(request: httpx.Request) -> httpx.Response:
            other = instead(request)
            if isinstance(other, httpx.Response):
                return other
            answer = await self._app.handle_async_request(other or request)
            return httpx.Response(answer.status_code, content=content(await answer.aread()))

        return built(httpx.MockTransport(answer))

    def user(self, login: str = "carol") -> User:
        (user,) = self.portal.by_login([login])
        return user

    def foreign(self, login: str, **fields: str) -> User:
        """Somebody else's user."""
        user = User(login)
        self.portal.users.append(user)
        if fields:
            self.portal.change([user], fields)
        user.events.clear()
        return user

    async def made(self, spec: SubscriberSpec = SPEC, login: str = "carol") -> Observation:
        """A user of ours, with its password remembered; nothing is on the log, and nothing came to the box."""
        await self.driver.create(login, self.driver.normalize(spec))
        observed = (await self.seen(login)).with_secrets_of(spec)
        self.user(login).events.clear()
        self.forget()
        return observed

    async def seen(self, login: str = "carol") -> Observation:
        observed = await self.driver.observe(Reference(login))
        assert observed is not None
        return observed

    async def update(self, observed: Observation, **fields: object) -> None:
        await self.driver.update(observed, replace(observed.spec, **fields))  # type: ignore[arg-type]

    def forget(self) -> None:
        self.log.clear()

    @property
    def writes(self) -> list[tuple[str, str, str]]:
        return [entry for entry in self.log if entry[0] != "GET"]

    @property
    def reads(self) -> list[str]:
        return [path for method, path, _ in self.log if method == "GET"]
