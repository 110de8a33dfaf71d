package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.Manifest.ManifestDisk;
import io.github.qcow4j.snapshot.intake.DiskSoundness;
import io.github.qcow4j.snapshot.intake.NewFiles;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.tar.TarMember;
import io.github.qcow4j.snapshot.tar.TarReader;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code .boxlite} archives of strangers. Members may come in any order; those that nobody
 * knows are passed over. Disks are written under names of the staging directory, and nowhere else,
 * and looked at from all sides before anybody hears of them.
 */
public final class ArchiveIntake {

  /** More disks than a virtual machine can have. */
  private static final int MAX_DISKS = 64;

  /** What members that nobody knows may have together. */
  private static final long MAX_UNKNOWN_BYTES = 64L << 20;

  private final Staging staging;
  private final IntakeLimits limits;
  private final JobControl control;
  private final NewFiles files;
  private final Map<String, Taken> taken = new LinkedHashMap<>();
  private @Nullable Manifest manifest;
  private long virtualBytes;
  private long unknownBytes;

  /** A disk's file in the staging directory. */
  private record Taken(Path path, long virtualSize, long fileBytes, String digest) {}

  private ArchiveIntake(Staging staging, IntakeLimits limits, JobControl control, NewFiles files) {
    this.staging = staging;
    this.limits = limits;
    this.control = control;
    this.files = files;
  }

  /**
   * Reads an archive to its end. What it says holds, and its disks are durable in the staging
   * directory, when this returns; when it throws, the staging directory is as it was.
   *
   * @param source the archive
   * @param staging where disks go
   * @param limits how large it may be
   * @param control follows and stops the work; counts bytes of the archive
   * @throws java.nio.file.NoSuchFileException when there is no such file
   * @throws DamagedTransferException when archive, manifest or a disk contradicts its format, a
   *     digest is wrong, or one of them is missing
   * @throws io.github.qcow4j.snapshot.transfer.UnsupportedTransferException when the version, or
   *     something a disk needs, is not known
   * @throws io.github.qcow4j.snapshot.transfer.RefusedTransferException when a member is no regular
   *     file of a plain name, or a disk names another file
   * @throws TransferLimitException when anything is larger than allowed
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws IOException when reading or writing fails; nothing is concluded from that
   */
  public static StagedArchive stage(
      ArchiveSource source, Staging staging, IntakeLimits limits, JobControl control)
      throws IOException {
    return switch (source) {
      case ArchiveSource.FromChannel(ReadableByteChannel channel) ->
          stage(channel, staging, limits, control);
      case ArchiveSource.FromFile(Volume volume, Path path) -> {
        FileKind kind = volume.status(path).kind();
        if (kind == FileKind.DIRECTORY) {
          throw new FileSystemException(
              path.toString(), null, "a directory, and no archive; clone takes it with --from-dir");
        } else if (kind != FileKind.REGULAR) {
          throw new FileSystemException(path.toString(), null, "not a regular file");
        }
        try (BlockFile file = volume.open(path, OpenOptions.reading())) {
          control.expect(file.size());
          yield stage(new FileInput(file, control), staging, limits, control);
        }
      }
    };
  }

  private static StagedArchive stage(
      ReadableByteChannel channel, Staging staging, IntakeLimits limits, JobControl control)
      throws IOException {
    try (NewFiles files = new NewFiles(staging.volume());
        ArchiveInput input = ArchiveInput.open(channel)) {
      return new ArchiveIntake(staging, limits, control, files).run(input);
    }
  }

  private StagedArchive run(ArchiveInput input) throws IOException {
    // What bounds the sum of all members is checked member by member.
    TarReader tar = new TarReader(input, Long.MAX_VALUE);
    for (TarMember member = tar.next(); member != null; member = tar.next()) {
      take(tar, member);
    }
    Manifest said = manifest;
    if (said == null) {
      throw new DamagedTransferException(
          "Invalid archive: " + ManifestText.MEMBER + " is not in it");
    }
    List<StagedDisk> disks = new ArrayList<>();
    for (ManifestDisk disk : said.disks()) {
      StagedDisk staged = staged(disk);
      if (staged != null) {
        disks.add(staged);
      }
    }
    for (Taken unknown : taken.values()) {
      files.remove(unknown.path());
    }
    files.keep(staging.directory());
    return new StagedArchive(said, input.compression(), disks);
  }

  private void take(TarReader tar, TarMember member) throws IOException {
    if (member.name().equals(ManifestText.MEMBER)) {
      manifest = ManifestText.read(tar.readSmall(member, ManifestText.MAX_BYTES));
    } else if (mayBeDisk(member.name())) {
      takeDisk(tar, member);
    } else {
      unknownBytes += Math.min(member.sizeBytes(), MAX_UNKNOWN_BYTES + 1);
      if (unknownBytes > MAX_UNKNOWN_BYTES) {
        throw new TransferLimitException(
            "The archive has more than %d bytes in members that nobody knows, '%s' among them"
                .formatted(MAX_UNKNOWN_BYTES, member.name()),
            MAX_UNKNOWN_BYTES);
      }
    }
  }

  /** Before the manifest only what BoxLite calls a disk is one; our own archives begin with it. */
  private boolean mayBeDisk(String name) {
    Manifest said = manifest;
    return said == null
        ? name.equals(ManifestText.ROOT_MEMBER) || name.equals(ManifestText.GUEST_ROOTFS_MEMBER)
        : said.disks().stream().anyMatch(disk -> disk.member().equals(name));
  }

  private void takeDisk(TarReader tar, TarMember member) throws IOException {
    if (taken.size() == MAX_DISKS) {
      throw new TransferLimitException(
          "The archive has more than " + MAX_DISKS + " disks", MAX_DISKS);
    }
    Path path = staging.directory().resolve(member.name());
    try (BlockFile file = files.create(path)) {
      DiskSink sink = new DiskSink(member, file, limits.maxVirtualSize() - virtualBytes, control);
      tar.read(sink);
      String digest = sink.finish();
      file.syncAll();
      virtualBytes += sink.virtualSize();
      taken.put(member.name(), new Taken(path, sink.virtualSize(), member.sizeBytes(), digest));
    }
  }

  /** The disk that the manifest speaks of, or null where there need not be one. */
  private @Nullable StagedDisk staged(ManifestDisk disk) throws IOException {
    Taken found = taken.remove(disk.member());
    if (found == null) {
      if (disk.role().equals(Manifest.GUEST_ROOTFS) && disk.digest() == null) {
        return null;
      }
      throw new DamagedTransferException("Invalid archive: " + disk.member() + " is not in it");
    }
    if (disk.digest() != null && !disk.digest().equals(found.digest())) {
      throw new DamagedTransferException(
          "Checksum of disk '%s' is wrong: the manifest says %s, it has %s"
              .formatted(disk.member(), disk.digest(), found.digest()));
    }
    long virtualSize =
        DiskSoundness.require(
            staging.volume(), found.path(), disk.member(), limits.maxVirtualSize(), false, control);
    return new StagedDisk(
        disk.role(),
        found.path(),
        ImageFormat.QCOW2,
        virtualSize,
        found.fileBytes(),
        found.digest(),
        CopyResult.of(CopyMethod.USER_COPY, found.fileBytes()),
        null);
  }
}
