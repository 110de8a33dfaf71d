package io.github.qcow4j.qcow2.crash;

import static io.github.qcow4j.qcow2.crash.DiskVersion.SECTOR_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckFinding;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/** An image after a power cut or a failure, and what has to be true of it. */
final class LeftImage {

  private final Volume volume;
  private final Path path;

  LeftImage(Volume volume, Path path) {
    this.volume = volume;
    this.path = path;
  }

  static Qcow2Image open(Volume volume, Path path, boolean writable) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2);
    return (Qcow2Image)
        DiskImages.open(
            volume,
            path,
            ReferencePolicy.sameDirectory(),
            writable ? options.withWriting() : options);
  }

  /** From now on the image holds what it holds. */
  static void noteDurable(SimulatedVolume volume, Path path) throws IOException {
    volume.mark(version(volume, path, true));
  }

  /** What the image holds. */
  static DiskVersion version(Volume volume, Path path, boolean durable) throws IOException {
    try (Qcow2Image disk = open(volume, path, false)) {
      List<ByteBuffer> snapshots = new ArrayList<>();
      for (InternalSnapshot snapshot : disk.snapshots()) {
        snapshots.add(ByteBuffer.wrap(read(disk.openSnapshot(snapshot))));
      }
      return new DiskVersion(path, ByteBuffer.wrap(read(disk)), snapshots, durable);
    }
  }

  /** What every scenario with one image requires of a state. */
  static void requireOldOrNew(CrashState state, Path path) throws IOException {
    requirePossible(state, path);
    if (Again.isDue(state)) {
      new LeftImage(state.volume(), path).requireUsable();
    }
  }

  /** The same, and the image is only looked at. */
  static void requirePossible(CrashState state, Path path) throws IOException {
    LeftImage image = new LeftImage(state.volume(), path);
    image.requireNoCorruption();
    image.requireOneOf(possible(state.marks(), path));
  }

  /** All that an image may hold: the last version that is durable, and those after it. */
  static List<DiskVersion> possible(List<Object> marks, Path path) {
    List<DiskVersion> possible = new ArrayList<>();
    for (Object mark : marks) {
      if (mark instanceof DiskVersion version && version.image().equals(path)) {
        if (version.durable()) {
          possible.clear();
        }
        possible.add(version);
      }
    }
    return possible;
  }

  /** It opens, and a check finds leaks at the worst. */
  void requireNoCorruption() throws IOException {
    List<CheckFinding> findings = new ArrayList<>();
    CheckReport report = check(findings);
    assertThat(report.corruptions() + report.checkErrors())
        .as("%s: corruptions: %s", path, findings)
        .isZero();
  }

  /** It opens, and a check finds nothing. */
  void requireConsistent() throws IOException {
    List<CheckFinding> findings = new ArrayList<>();
    assertThat(check(findings).outcome())
        .as("%s: %s", path, findings)
        .isEqualTo(CheckReport.Outcome.CONSISTENT);
  }

  private CheckReport check(List<CheckFinding> findings) throws IOException {
    try (ImageCheck image = ImageCheck.open(volume, path)) {
      return image.run(findings::add, new JobControl());
    }
  }

  /**
   * It has the size of some version; each of its sectors is as in some version of that size; its
   * snapshots are those of some version.
   */
  void requireOneOf(List<DiskVersion> possible) throws IOException {
    try (Qcow2Image disk = open(volume, path, false)) {
      requireContent(disk, possible);
      List<ByteBuffer> snapshots = new ArrayList<>();
      for (InternalSnapshot snapshot : disk.snapshots()) {
        snapshots.add(ByteBuffer.wrap(read(disk.openSnapshot(snapshot))));
      }
      assertThat(possible.stream().anyMatch(version -> version.snapshots().equals(snapshots)))
          .as("%s: its %s snapshots are those of some moment", path, snapshots.size())
          .isTrue();
    }
  }

  /** The same of a disk that has no snapshots. */
  void requireContent(DiskImage disk, List<DiskVersion> possible) throws IOException {
    byte[] content = read(disk);
    List<DiskVersion> sameSize =
        possible.stream().filter(version -> version.sizeBytes() == content.length).toList();
    assertThat(sameSize)
        .as("%s: versions with its size of %s bytes", path, content.length)
        .isNotEmpty();
    TreeSet<Integer> wrong = new TreeSet<>();
    for (int from = 0; from < content.length; from += SECTOR_BYTES) {
      int start = from;
      if (sameSize.stream().noneMatch(version -> version.hasSector(content, start))) {
        wrong.add(start);
      }
    }
    assertThat(wrong).as("%s: sectors that are neither old nor new", path).isEmpty();
  }

  /** It can be written to as if nothing had happened. */
  void requireUsable() throws IOException {
    byte[] data = new byte[SECTOR_BYTES + 1];
    Arrays.fill(data, (byte) 0x5a);
    byte[] expected;
    try (Qcow2Image disk = open(volume, path, true)) {
      expected = read(disk);
      if (expected.length < data.length) {
        return;
      }
      for (int from : new int[] {0, (expected.length - data.length) / 2}) {
        System.arraycopy(data, 0, expected, from, data.length);
        disk.write(from, ByteBuffer.wrap(data));
      }
    }
    requireNoCorruption();
    try (Qcow2Image disk = open(volume, path, false)) {
      assertThat(read(disk)).as("%s: read back", path).isEqualTo(expected);
    }
  }

  static byte[] read(DiskImage disk) throws IOException {
    ByteBuffer all = ByteBuffer.allocate((int) disk.virtualSize());
    disk.read(0, all);
    return all.array();
  }
}
