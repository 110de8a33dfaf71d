package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveIntake;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.Carried;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.archive.StagedArchive;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.Created;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes boxes of what comes from elsewhere. All of it waits in a staging directory of its own until
 * it is known to be sound; nothing is visible before.
 */
public final class Importing {

  private Importing() {}

  /** Makes a box of an archive. */
  public static Created fromArchive(
      Home home,
      ArchiveSource source,
      @Nullable String name,
      IntakeLimits limits,
      JobControl control)
      throws IOException {
    if (name != null) {
      Creation.requireFree(home, name);
    }
    try (StagingArea staging = StagingArea.make(home)) {
      try {
        return fromStaged(
            home, ArchiveIntake.stage(source, staging.staging(), limits, control), name, control);
      } finally {
        staging.clearQuietly();
      }
    }
  }

  private static Created fromStaged(
      Home home, StagedArchive staged, @Nullable String name, JobControl control)
      throws IOException {
    String boxName = name != null ? name : staged.manifest().boxName();
    if (boxName == null) {
      throw new InvalidRequestException("the archive does not name its box; give it a name");
    } else if (name == null) {
      requireGood(boxName);
    }
    String carried = Carried.of(staged.manifest()).text();
    Created created =
        Creation.run(home, new CreateRequest(boxName, sources(staged.disks()), carried), control);
    return new Created(created.boxes(), CopyMethod.USER_COPY);
  }

  /** Requires a name that a box may have, of those who pack archives. */
  private static void requireGood(String boxName) throws InvalidRequestException {
    try {
      Names.require("box", boxName);
    } catch (InvalidRequestException e) {
      InvalidRequestException bad =
          new InvalidRequestException(
              "the archive's " + e.getMessage() + "; give the box another one with --name");
      bad.initCause(e);
      throw bad;
    }
  }

  private static List<DiskSource> sources(List<StagedDisk> disks) {
    List<DiskSource> sources = new ArrayList<>();
    for (StagedDisk disk : disks) {
      sources.add(new DiskSource.Staged(disk.role(), disk.path()));
    }
    return sources;
  }
}
