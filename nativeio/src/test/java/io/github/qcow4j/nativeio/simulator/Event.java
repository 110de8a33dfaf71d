package io.github.qcow4j.nativeio.simulator;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happened on a simulated volume, as far as a power cut cares. */
sealed interface Event {

  /** A file's bytes changed. */
  record Data(long inode, Change change) implements Event {}

  /**
   * Names changed, all of them in one step.
   *
   * @param after what reaches the disk before this does, or null
   */
  record Names(String what, List<Binding> bindings, @Nullable Names after) implements Event {

    Names(String what, List<Binding> bindings) {
      this(what, bindings, null);
    }

    /** A rename as the steps it is made in; all else as it is. */
    List<Names> inSteps(RenameSteps steps) {
      boolean renames = bindings.size() == 2 && bindings.getLast().inode() == null;
      if (!renames || steps == RenameSteps.ONE) {
        return List.of(this);
      }
      Names made = new Names(what + ", the new name", List.of(bindings.getFirst()));
      Names after = steps == RenameSteps.NEW_NAME_FIRST ? made : null;
      return List.of(made, new Names(what + ", the old name", List.of(bindings.getLast()), after));
    }

    boolean touches(long directory) {
      return bindings.stream().anyMatch(binding -> binding.directory() == directory);
    }

    @Override
    public String toString() {
      return what;
    }
  }

  /** A file's bytes up to here are durable. */
  record FileSynced(long inode, String path) implements Event {}

  /** A sync failed: what was pending may be lost, and no later sync will tell. */
  record FileSyncFailed(long inode, String path) implements Event {}

  /** A directory's names up to here are durable. */
  record DirectorySynced(long inode, String path) implements Event {}

  /** The test said where it is. */
  record Mark(Object mark) implements Event {}

  /** A name that stands for an inode from now on, or for nothing. */
  record Binding(long directory, String name, @Nullable Inode inode) {}
}
