package io.github.qcow4j.snapshot;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveResult;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.directory.DirectoryResult;
import io.github.qcow4j.snapshot.model.Created;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What goes out of a home and comes into it: archives and directories. What is durable, threads and
 * errors are as {@link BoxHome} says.
 */
public sealed interface BoxTransfers permits BoxHome {

  /**
   * Writes a stopped box, or a snapshot, to an archive, as {@link
   * io.github.qcow4j.snapshot.archive.BoxArchives#export} says.
   *
   * @param control follows and stops it
   */
  ArchiveResult export(ExportRequest request, ArchiveDestination destination, JobControl control)
      throws IOException;

  /**
   * Writes a stopped box, or a snapshot, to a directory, as {@link
   * io.github.qcow4j.snapshot.directory.BoxDirectories#export} says.
   *
   * @param snapshot the snapshot's name, or null for the live disks
   * @param control follows and stops it
   */
  DirectoryResult exportDirectory(
      String box, @Nullable String snapshot, Path directory, JobControl control) throws IOException;

  /**
   * Makes a stopped box of an archive, once all of it is known to be sound; on any fault nothing is
   * left of it.
   *
   * @param name the new box's name, or null for the one in the archive
   * @param limits how large it may be
   * @param control follows and stops it
   * @throws io.github.qcow4j.snapshot.transfer.TransferException when something is wrong with the
   *     archive
   */
  Created importArchive(
      ArchiveSource source, @Nullable String name, IntakeLimits limits, JobControl control)
      throws IOException;

  /**
   * Makes boxes of a directory that boxes travel in, ours or Cocoon's, all on the same layers. The
   * directory is only read: many may do so at once, and it may go afterwards. Its other files are
   * kept with the boxes, untouched: their clones and their exports to directories have them too.
   *
   * @param names the boxes' names, at least one
   * @param limits how large it may be
   * @param control follows and stops it
   * @throws io.github.qcow4j.snapshot.transfer.TransferException when something is wrong with the
   *     directory
   */
  Created cloneDirectory(
      Path directory, List<String> names, IntakeLimits limits, JobControl control)
      throws IOException;

  /**
   * Puts the disks of a stopped box back to those of a directory that boxes travel in, all in one.
   * What they were is kept as {@link BoxHome#restore(RestoreRequest)} keeps it, and so are the
   * box's other files, whose places those of the directory take. The directory is only read.
   *
   * @param force also when the directory is an export neither of this box nor of a snapshot that it
   *     has
   * @param limits how large it may be
   * @param control follows and stops it
   * @return the box, and how its data came
   * @throws io.github.qcow4j.snapshot.error.RefusedException when it is not of this box
   * @throws io.github.qcow4j.snapshot.transfer.TransferException when something is wrong with the
   *     directory
   */
  Created restoreDirectory(
      String box, Path directory, boolean force, IntakeLimits limits, JobControl control)
      throws IOException;
}
