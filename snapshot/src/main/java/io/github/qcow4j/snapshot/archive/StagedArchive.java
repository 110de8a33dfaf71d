package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.snapshot.intake.StagedDisk;
import java.util.List;

/**
 * An archive whose disks wait in the staging directory, all of them sound.
 *
 * @param manifest what it says
 * @param compression how it was compressed
 * @param disks its disks, the root disk first
 */
public record StagedArchive(Manifest manifest, Compression compression, List<StagedDisk> disks) {

  public StagedArchive {
    disks = List.copyOf(disks);
  }
}
