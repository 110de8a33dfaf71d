package io.github.qcow4j.cli.box;

import picocli.CommandLine.Command;

/** {@code box snapshot}, under which its commands stand. */
@Command(
    name = "snapshot",
    synopsisSubcommandLabel = "COMMAND",
    description = "Snapshots of a box: its disks as they were.")
final class SnapshotGroup {}
