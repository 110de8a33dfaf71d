package io.github.qcow4j.cli.fulldisk;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/**
 * An operation on boxes, and what is done before it; {@code DIR} is the home's directory, {@code
 * OUTSIDE} another's.
 */
enum BoxJob {
  CREATE("create new --from OUTSIDE/disk.qcow2 --independent"),
  CREATE_OVERLAY("create new --from OUTSIDE/disk.qcow2"),
  SNAPSHOT("snapshot create web two"),
  SNAPSHOT_OF_A_LONG_CHAIN("snapshot create web four --max-chain 2", "snapshot create web three"),
  CLONE("clone web new --snapshot one"),
  CLONE_FULL("clone web new --snapshot one --full"),
  CLONE_DIRECTORY("clone --from-dir DIR/golden new"),
  EXPORT("export web -o DIR/out.boxlite"),
  EXPORT_SNAPSHOT("export web --snapshot one -o DIR/out.boxlite --compress none"),
  EXPORT_TO_DIRECTORY("export web --to-dir DIR/out"),
  IMPORT("import DIR/in.boxlite --name new"),
  RENAME("rename web new"),
  RESTORE("restore web one"),
  RESTORE_AND_KEEP("restore web one --keep two"),
  RESTORE_AND_UNDO("restore web --undo", "restore web one"),
  RESTORE_DIRECTORY("restore web --from-dir DIR/golden --force"),
  REMOVE("rm web"),
  REMOVE_BY_FORCE("rm web --force", "clone web twin --snapshot one"),
  REMOVE_SNAPSHOT(
      "snapshot rm web two", "snapshot create web two; restore web one; snapshot create web three"),
  MERGE("snapshot rm web one --merge"),
  MERGE_INTO_TWO("snapshot rm web one --merge", "clone web twin --snapshot one"),
  COLLECT("gc"),
  COLLECT_SNAPSHOTS("gc --keep 0"),
  CHECK("check --repair");

  private final String line;
  private final String first;

  BoxJob(String line) {
    this(line, "");
  }

  /**
   * An operation.
   *
   * @param first those before it, with semicolons between
   */
  BoxJob(String line, String first) {
    this.line = line;
    this.first = first;
  }

  /** Whether anything comes before. */
  boolean isPrepared() {
    return !first.isEmpty() || this == COLLECT || repairs();
  }

  /** Does what comes before, with all the room there is. */
  void prepare(FullDiskHome at) throws IOException {
    for (String each : first.split("; ", -1)) {
      if (!each.isEmpty()) {
        String _ = at.box().ok(each.split(" ", -1));
      }
    }
    if (this == COLLECT) {
      Files.write(at.directory().resolve("home/layers/stray.qcow2"), new byte[1 << 16]);
    } else if (repairs()) {
      ImageSurgeon.operate(at.disk("web"), image -> image.appendClusters(3));
    }
  }

  private boolean repairs() {
    return this == CHECK;
  }

  /**
   * Whether what it has moved into a disk may stay there as leaks when it fails. Where nothing is
   * written in place, a full disk may not even take the note that clusters are free again.
   */
  boolean mayLeak() {
    return switch (this) {
      case MERGE, MERGE_INTO_TWO, COLLECT_SNAPSHOTS, SNAPSHOT_OF_A_LONG_CHAIN -> true;
      default -> false;
    };
  }

  /** A state without what may have changed when it failed. */
  List<String> asExpected(List<String> state) {
    return switch (this) {
      // What lies on others may have all of them already.
      case MERGE, MERGE_INTO_TWO, COLLECT_SNAPSHOTS, SNAPSHOT_OF_A_LONG_CHAIN ->
          state.stream().filter(line -> !line.matches(" *\"chain_depth\".*")).toList();
      case CHECK -> FullDiskHome.repaired(state);
      default -> state;
    };
  }

  /**
   * What it says when it fails; a collection tells of each thing why it stays, a check likewise.
   */
  String complaint(OurRun run) {
    String program = "qcow4j: ";
    if (this == COLLECT_SNAPSHOTS && run.stderr().isEmpty()) {
      return run.stdout().replaceFirst("0 gone, 0 B\n$", "");
    } else if (repairs() && run.stderr().isEmpty()) {
      return run.stdout().replaceFirst("\\d+ images? checked: 1 unchecked\n$", "");
    }
    return run.stderr().startsWith(program)
        ? run.stderr().substring(program.length())
        : run.stderr();
  }

  OurRun run(FullDiskHome at) {
    String here = line.replace("DIR", at.directory().toString());
    return at.box().call(here.replace("OUTSIDE", at.outside().toString()).split(" ", -1));
  }
}
