"""Which release billing is, and whether its environment is the configured one. Pure."""

import re
from collections.abc import Mapping

from controller.billing.values import Unreadable, whole
from controller.doctor.checks import Check, Findings
from controller.doctor.schema import mapping

_PRESENTABLE = re.compile(r"[\w.+-][\w .+-]{0,60}")

Answer = Mapping[str, object] | None


def judge(findings: Findings, version: Answer, environment: Answer, configured: int) -> list[Check]:
    """By the answers of `Generic/get_version` and `Env/get_env_info`; `None` where there was none."""
    return [_release(findings, version), _environment(findings, environment, configured)]


def _release(findings: Findings, answer: Answer) -> Check:
    version = mapping(answer).get("version")
    if isinstance(version, str) and _PRESENTABLE.fullmatch(version):
        return findings.ok("release", f"PortaBilling {version}")
    return findings.warn("release", "billing does not tell its release")


def _environment(findings: Findings, answer: Answer, configured: int) -> Check:
    try:
        told = whole("i_env", mapping(mapping(answer).get("env_info")).get("i_env"))
    except Unreadable:
        told = None
    if told is None:
        text = f"billing does not tell its environment; {configured} is configured"
        return findings.warn("environment", text)
    if told != configured:
        text = (
            f"billing says that it is environment {told}, but {configured} is configured: our records would be misnamed"
        )
        return findings.fail("environment", text)
    return findings.ok("environment", f"it is environment {told}, as configured")
