"""`asl run`: run a state machine on an input, with Python functions as its tasks."""

from __future__ import annotations

from collections import deque

import click

import asl

from . import given, placeholders, results, serving
from .failure import Refusal


@click.command()
@click.argument("machine", type=click.Path())
@click.option(
    "--input", "-i", "input_", metavar="JSON|@FILE|-", default="{}", help="The input; {} without it."
)
@click.option(
    "--task", "-t", multiple=True, metavar="NAME=MODULE:FUNCTION", help="Serves the tasks of that name."
)
@click.option(
    "--mocks",
    metavar="FILE",
    help="A MockConfigFile.json; without it that of SFN_MOCK_CONFIG, or the one in this folder.",
)
@click.option("--case", metavar="CASE|MACHINE#CASE", help="The test case of that file to run.")
@click.option("--strict-mocks", is_flag=True, help="Hold mocked answers against the models of their APIs.")
@placeholders.define
@placeholders.define_file
@serving.options
@click.option(
    "--bucket", multiple=True, metavar="NAME=FOLDER", help="What a distributed Map finds in that bucket."
)
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes for its child executions.")
@click.option("--start-time", metavar="TIME", help="When it starts, such as 2026-01-01T00:00:00Z.")
@click.option("--seed", type=int, default=0, help="Decides all that is random: UUIDs, numbers, jitter.")
@click.option("--history", metavar="FILE", help="Write the history there, as get-execution-history gives it.")
@click.option("--real-time", is_flag=True, help="Let waits take their time and tasks run side by side.")
@click.option("--output", type=click.Choice(["json", "text"]), default="json", help="The form of the result.")
@click.option("--explain", is_flag=True, help="Tell on stderr why it went as it did, state by state.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
def run(
    machine: str,
    input_: str,
    task: tuple[str, ...],
    mocks: str | None,
    case: str | None,
    strict_mocks: bool,
    define: dict[str, str],
    define_file: dict[str, str],
    machines: tuple[str, ...],
    aws: bool,
    endpoint_url: str | None,
    connections: str | None,
    bucket: tuple[str, ...],
    workers: int | None,
    start_time: str | None,
    seed: int,
    history: str | None,
    real_time: bool,
    output: str,
    explain: bool,
    quiet: bool,
) -> int:
    """Run the state machine in the file MACHINE.

    Task states call the Python functions of a tasks.py beside the machine, by the name of the state or of the
    resource, those that --task names, and, with --case, the mocks of a test case. Time is virtual unless
    --real-time says otherwise: nobody waits for a Wait or for a retry, and the same arguments give the same
    history.

    What no function serves goes nowhere, unless --aws or --endpoint-url says where; --machine names machines that
    Tasks may start, and --connections lets HTTP Tasks call. A project may say all that in its pyproject.toml, under
    [tool.asl].

    A distributed Map reads and writes S3 objects in folders: --bucket data=./data, or s3:// in place of the
    folder for the real bucket, or * for all buckets that have no folder of their own. Its children run in this
    process, or in --workers of them.

    The result goes to stdout as JSON, and a summary to stderr. Exit code: 0 succeeded; 1 failed, timed out,
    aborted or still waiting; 2 what cannot be used, read or written.
    """
    if history == "-":
        raise click.UsageError("--history takes the name of a file: on stdout is the result.")
    if real_time and start_time is not None:
        raise click.UsageError("--start-time sets the virtual clock; with --real-time it starts now.")
    if real_time and workers is not None:
        raise click.UsageError(
            "--workers is for virtual time; with --real-time children run side by side here."
        )
    buckets = given.buckets(bucket)
    document = given.document(input_, "--input")
    begins = given.moment(start_time, "--start-time")
    values = {**define_file, **define}
    loaded = results.load(machine, values)
    found = serving.serving(
        machine,
        task,
        values,
        machines=machines,
        aws=aws,
        endpoint_url=endpoint_url,
        connections=connections,
    )
    if task:
        given.fit(task, [loaded, *found.machines.values()])
    if found.callbacks and not quiet:
        serving.warn(given.stray_callbacks(machine, found.callbacks, [loaded, *found.machines.values()]))
    found.tasks.update(_mocked(mocks, case, strict_mocks, loaded))
    if real_time:
        serving.foretell(machine, loaded, found, quiet)
    interrupted = False
    try:
        if real_time:
            result, interrupted = _in_real_time(loaded, document, found, seed, buckets, quiet)
        else:
            result = loaded.run(
                document,
                **found._asdict(),
                start_time=begins,
                seed=seed,
                buckets=buckets,
                workers=workers or 0,
            )
    except asl.InputError as problem:
        raise Refusal(f"--input: {problem}") from problem
    except asl.UnservedCall as problem:
        raise Refusal(f"{problem}; {results.remedy(machine)}") from problem
    click.echo(results.as_json(result) if output == "json" else results.as_text(result))
    if explain:
        from .explain import show  # most runs do without

        show(asl.explain(result, loaded), err=True)
    if not quiet:
        results.summarise(loaded, result, "real" if real_time else "virtual", given.tasks_file(machine))
    if history is not None:
        results.save(result.history, history)
    if interrupted:
        raise click.Abort
    return 0 if result.status == "SUCCEEDED" else 1


def _mocked(file: str | None, case: str | None, strict: bool, machine: asl.StateMachine) -> given.Functions:
    """The task functions of a test case of a MockConfigFile.json; none where no case is asked for."""
    if file is None and case is None:
        return {}
    from asl.testing import mockconfig
    from asl.testing.scripts import scripted

    path = file or mockconfig.found()
    if path is None:
        raise Refusal(
            f"--case {case}: no file with mocks: give --mocks FILE, or set {mockconfig.VARIABLE}; "
            f"there is no {mockconfig.DEFAULT} here"
        )
    config = mockconfig.read(path)
    if case is None:
        known = ", ".join(f"{owner}#{name}" for owner, cases in config.cases.items() for name in cases)
        raise Refusal(f"--mocks {path}: say which test case with --case; there are {known or 'none'}")
    tasks = config.tasks(case, machine.name, machine.program)
    return dict(scripted(tasks, machine.program, strict=True) if strict else tasks)


def _in_real_time(
    machine: asl.StateMachine,
    document: asl.Json,
    found: serving.Serving,
    seed: int,
    buckets: dict[str, str],
    quiet: bool,
) -> tuple[asl.Result, bool]:
    """The result, and whether Ctrl-C stopped the execution; its history is whole then too."""
    import asyncio  # slow to import

    from asl.face import result_of

    from . import progress

    seen: deque[asl.Execution] = deque(maxlen=1)
    with progress.shown(quiet) as show:

        def watch(execution: asl.Execution) -> None:
            seen.append(execution)
            show(execution)

        try:
            running = machine.run_async(document, **found._asdict(), seed=seed, watch=watch, buckets=buckets)
            return asyncio.run(running), False
        except KeyboardInterrupt:
            if not seen:
                raise
            return result_of(seen[-1]), True
