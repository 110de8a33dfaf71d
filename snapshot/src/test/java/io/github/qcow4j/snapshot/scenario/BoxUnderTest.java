package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Captured;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A box as a scenario speaks of it: by its name, and with QEMU for all that is read or written. */
record BoxUnderTest(ScenarioHome scenario, String name) {

  Path disk() throws IOException {
    return scenario.home.path(name, ScenarioHome.ROOT);
  }

  Path disk(String snapshot) throws IOException {
    return scenario.home.snapshotPath(name, snapshot, ScenarioHome.ROOT);
  }

  Box shown() throws IOException {
    return scenario.home.show(name);
  }

  BoxStatus status() throws IOException {
    return shown().status();
  }

  /** Boots, writes, switches off. */
  BoxUnderTest write(Patch... patches) throws IOException {
    String[] commands = Stream.of(patches).map(Patch::writing).toArray(String[]::new);
    scenario.qemu.io(disk(), commands);
    return this;
  }

  /** The same at the place where a scenario's file is. */
  BoxUnderTest write(int value) throws IOException {
    return write(at(0, value));
  }

  BoxUnderTest reads(Patch... patches) throws IOException {
    scenario.reads(disk(), patches);
    return this;
  }

  BoxUnderTest reads(int value) throws IOException {
    return reads(at(0, value));
  }

  /** The same of a snapshot, where it lies. */
  BoxUnderTest readsIn(String snapshot, Patch... patches) throws IOException {
    scenario.reads(disk(snapshot), patches);
    return this;
  }

  Snapshot snapshot(String snapshot) throws IOException {
    return scenario.home.snapshot(name, snapshot, "");
  }

  /** The same whether it runs or not. */
  Captured capture(String snapshot) throws IOException {
    return scenario.home.snapshot(new SnapshotRequest(name, snapshot), new JobControl());
  }

  BoxUnderTest restore(String snapshot) throws IOException {
    scenario.home.restore(new RestoreRequest(name, snapshot, null));
    return this;
  }

  void remove(String snapshot) throws IOException {
    scenario.home.removeSnapshot(name, snapshot);
  }

  void merge(String snapshot) throws IOException {
    scenario.home.mergeSnapshot(name, snapshot, new JobControl());
  }

  /** Names of the snapshots, newest first. */
  List<String> snapshots() throws IOException {
    return scenario.home.snapshots(name).stream().map(Snapshot::name).toList();
  }

  /** Exports it to an archive of its name in the test's directory. */
  Path export() throws IOException {
    return scenario.export(new ExportRequest(name, null, Compression.ZSTD, 3), name);
  }

  /** Boots, until closed. */
  RunningBox run() throws IOException {
    HeldBox held = scenario.home.hold(name, Holder.ofThisProcess("scenario"));
    try {
      Guest guest = Guest.start(scenario.qemu, disk());
      held.writtenBy(guest.holder());
      return new RunningBox(held, guest);
    } catch (IOException e) {
      try (held) {
        throw e;
      }
    }
  }
}
