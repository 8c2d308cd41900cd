"""The commands' entry point: names, options, exit codes."""

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.codes import Code, Failed, Finished
from controller.cli.printing import Output, PlanOutput, SchemaOutput
from desired_state.charges import ChargeState

app = typer.Typer(
    name="iptv-reconciler",
    help="Keeps IPTV platforms in the state that PortaBilling says they should be in.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
config_app = typer.Typer(help="The configuration: check a file, print the schema.", no_args_is_help=True)
app.add_typer(config_app, name="config")
charges_app = typer.Typer(help="What was sold, and what became of it in billing.", no_args_is_help=True)
app.add_typer(charges_app, name="charges")

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration file.", show_default=False)]
OutputFormat = Annotated[Output, typer.Option("--output", help="How to print the result.")]
_USAGE = 2  # what the argument parser exits with


def main() -> None:
    """Run a command and exit with its code."""
    try:
        app()
    except Finished as finished:
        sys.exit(int(finished.code))
    except Failed as failed:
        sys.stderr.write(f"{failed}\n")
        sys.exit(int(failed.code))
    except SystemExit as end:
        sys.exit(int(Code.USAGE) if end.code == _USAGE else end.code)
    finally:
        gc.freeze()  # the process ends: to look once more through all that is loaded takes 30 ms


@app.command()
def run(config: ConfigFile) -> None:
    """Run the daemon until SIGTERM."""
    from controller.cli.run import run_daemon

    raise Finished(run_daemon(config))


@app.command()
def plan(
    config: ConfigFile,
    output: Annotated[PlanOutput, typer.Option("--output", help="How to print the plan.")] = PlanOutput.TEXT,
    out: Annotated[Path | None, typer.Option(help="Write the plan to this file instead.")] = None,
    candidate: Annotated[Path | None, typer.Option(help="Plan by this configuration instead, and compare.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Read the details of every account anew.")] = False,
) -> None:
    """Show what would be done; writes nothing to any platform."""
    from controller.cli.plan import PlanRequest, show_plan

    raise Finished(show_plan(PlanRequest(config, output, out, candidate, refresh)))


@app.command()
def apply(
    config: ConfigFile,
    plan: Annotated[str | None, typer.Option(help="Only if the plan still has this hash.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Read the details of every account anew.")] = False,
) -> None:
    """Bring everything to the desired state, once."""
    from controller.cli.apply import apply_once

    raise Finished(apply_once(config, plan, refresh=refresh))


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="An account id, or i_account:N.")],
    config: ConfigFile,
    output: OutputFormat = Output.TEXT,
    billing: Annotated[str | None, typer.Option(help="Which billing, where several know such an account.")] = None,
) -> None:
    """Say everything about one account: what should be, what is, and why."""
    from controller.cli.explain import explain_account

    raise Finished(explain_account(config, account, output, billing))


@app.command()
def requeue(
    account: Annotated[str, typer.Argument(help="An account id, or i_account:N.")],
    config: ConfigFile,
    secrets: Annotated[bool, typer.Option("--secrets", help="Write its password and PIN anew.")] = False,
    billing: Annotated[str | None, typer.Option(help="Which billing, where several know such an account.")] = None,
) -> None:
    """Have one account looked at before all others, however often it has failed."""
    from controller.cli.operate import requeue_account

    raise Finished(requeue_account(config, account, billing, secrets=secrets))


PlanHash = Annotated[str, typer.Argument(metavar="HASH", help="The plan's hash, as status or plan shows it.")]
Target = Annotated[str, typer.Argument(metavar="TARGET", help="all, a platform, an account id, or i_account:N.")]


@app.command()
def approve(plan: PlanHash, config: ConfigFile) -> None:
    """Let a plan go that waits for a person."""
    from controller.cli.decide import approve_plan

    raise Finished(approve_plan(config, plan))


@app.command()
def reject(plan: PlanHash, config: ConfigFile) -> None:
    """Have a plan that waits for a person wait until it is another one."""
    from controller.cli.decide import reject_plan

    raise Finished(reject_plan(config, plan))


@app.command()
def adopt(
    config: ConfigFile,
    platform: Annotated[str | None, typer.Option(help="Only on this platform.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Adopt at once what is shown.")] = False,
) -> None:
    """Show which records of others could be ours, or make them so."""
    from controller.cli.decide import adopt_records

    raise Finished(adopt_records(config, platform, yes=yes))


@app.command()
def pause(
    target: Target,
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why, for whoever comes across it.")],
    until: Annotated[str, typer.Option(help="A duration (2h), or an instant with its offset.")],
    maintenance: Annotated[bool, typer.Option("--maintenance", help="Do not even read the platform.")] = False,
) -> None:
    """Do nothing for all, a platform or an account for a while."""
    from controller.cli.operate import pause_target

    raise Finished(pause_target(config, target, reason, until, maintenance=maintenance))


@app.command()
def resume(target: Target, config: ConfigFile) -> None:
    """End a pause before its time."""
    from controller.cli.operate import resume_target

    raise Finished(resume_target(config, target))


@app.command()
def rebuild(
    config: ConfigFile,
    yes: Annotated[bool, typer.Option("--yes", help="Also a store that is in order.")] = False,
) -> None:
    """Put a damaged store aside and read everything anew; writes nothing to any platform."""
    from controller.cli.rebuild import rebuild_store

    raise Finished(rebuild_store(config, even_if_sound=yes))


@app.command()
def status(config: ConfigFile, output: OutputFormat = Output.TEXT) -> None:
    """Say how everything stands."""
    gc.disable()  # it has ended before there is garbage worth collecting
    from controller.cli.status import show_status

    raise Finished(show_status(config, output))


@app.command()
def doctor(
    config: ConfigFile,
    output: OutputFormat = Output.TEXT,
    conformance: Annotated[
        str | None,
        typer.Option(help="Try this platform out instead: a test installation, it writes records and removes them."),
    ] = None,
) -> None:
    """Check an installation: configuration, connections, rights, catalog, and the API against what we assume."""
    from controller.cli.doctor import show_conformance, show_health

    if conformance is not None:
        raise Finished(show_conformance(config, conformance, output))
    raise Finished(show_health(config, output))


@app.command()
def simulate(
    name: Annotated[str, typer.Argument(help="portabilling, or the name of a platform's driver.")],
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)],
    seed: Annotated[int, typer.Option(help="Chance is drawn from this seed.")] = 0,
) -> None:
    """Serve one simulator with its fault API, until stopped."""
    from controller.cli.simulate import simulate_one

    raise Finished(simulate_one(name, port, seed))


@app.command()
def demo(
    accounts: Annotated[int, typer.Option(help="How many accounts.", min=1)] = 1000,
    serve: Annotated[bool, typer.Option("--serve", help="Keep running at the end.")] = False,
) -> None:
    """Show the whole at work, against simulators on this machine."""
    from controller.cli.demo import run_demo

    raise Finished(run_demo(accounts, serve=serve))


@config_app.command("check")
def config_check(file: Annotated[Path, typer.Argument(help="The configuration file.")]) -> None:
    """Validate a configuration file, its secrets included."""
    from controller.cli.configs import check_config

    raise Finished(check_config(file))


@config_app.command("schema")
def config_schema(
    output: Annotated[
        SchemaOutput, typer.Option("--output", help="The schema, or a page to read.")
    ] = SchemaOutput.JSON,
) -> None:
    """Print the JSON Schema of the configuration file."""
    from controller.cli.configs import print_schema

    raise Finished(print_schema(output))


_MOST = 2**62  # a little less than the store can count
ChargeId = Annotated[str, typer.Argument(metavar="ID", help="PLATFORM/RECORD as list shows it, or the reference.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever comes across it.")]
PlatformName = Annotated[str | None, typer.Option(help="Only of this platform.")]


@charges_app.command("list")
def charges_list(
    config: ConfigFile,
    state: Annotated[ChargeState | None, typer.Option(help="Only those in this state.")] = None,
    platform: PlatformName = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=_MOST)] = 100,
    output: OutputFormat = Output.TEXT,
) -> None:
    """List charges, those first that a person has to decide about."""
    from controller.cli.charges import Wanted, list_charges

    raise Finished(list_charges(config, Wanted(state, platform, limit), output))


@charges_app.command("show")
def charges_show(charge: ChargeId, config: ConfigFile, output: OutputFormat = Output.TEXT) -> None:
    """Say everything about one charge."""
    from controller.cli.charges import show_charge

    raise Finished(show_charge(config, charge, output))


@charges_app.command("approve")
def charges_approve(charge: ChargeId, config: ConfigFile, reason: Reason = "") -> None:
    """Let a charge exceed the limits."""
    from controller.cli.charge_decisions import approve_charge

    raise Finished(approve_charge(config, charge, reason))


@charges_app.command("retry")
def charges_retry(charge: ChargeId, config: ConfigFile, reason: Reason = "") -> None:
    """Have a parked charge decided anew; it is looked for in billing first."""
    from controller.cli.charge_decisions import retry_charge

    raise Finished(retry_charge(config, charge, reason))


@charges_app.command("resolve")
def charges_resolve(
    charge: ChargeId,
    config: ConfigFile,
    reason: Reason,
    xdr: Annotated[int | None, typer.Option(help="Billing has booked it: this is its xDR.", min=1, max=_MOST)] = None,
    drop: Annotated[bool, typer.Option("--drop", help="It is not to be booked.")] = False,
) -> None:
    """Settle a charge on a person's word."""
    from controller.cli.charge_decisions import resolve_charge

    raise Finished(resolve_charge(config, charge, reason, xdr, drop=drop))


@charges_app.command("reconcile")
def charges_reconcile(  # noqa: PLR0913, PLR0917  each is an option of the command
    config: ConfigFile,
    begins: Annotated[str, typer.Option("--from", help="A date or an instant, included; UTC without an offset.")],
    ends: Annotated[str, typer.Option("--to", help="A date (its beginning) or an instant, excluded.")],
    platform: PlatformName = None,
    all_accounts: Annotated[
        bool, typer.Option("--all-accounts", help="Read the xDRs of all accounts, not only of those that bought.")
    ] = False,
    output: OutputFormat = Output.TEXT,
) -> None:
    """Compare what was sold in a period with what billing has booked; changes nothing."""
    from controller.cli.reconcile import Asked, reconcile_charges

    raise Finished(reconcile_charges(config, Asked(begins, ends, platform, all_accounts), output))
