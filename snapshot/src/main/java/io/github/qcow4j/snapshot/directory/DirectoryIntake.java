package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.directory.Roles.Role;
import io.github.qcow4j.snapshot.directory.StagedDirectory.Maker;
import io.github.qcow4j.snapshot.directory.StagedDirectory.StagedFile;
import io.github.qcow4j.snapshot.intake.DiskSoundness;
import io.github.qcow4j.snapshot.intake.FileCopy;
import io.github.qcow4j.snapshot.intake.NewFiles;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.intake.StagedDisk.BackingLink;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.PlainName;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads directories of strangers that boxes travel in. Files are only read, and may be read by any
 * number of intakes at once. Only regular files of plain names are taken, none through a link.
 */
public final class DirectoryIntake {

  private static final OpenOptions READING = OpenOptions.reading().withoutFollowingLinks();

  /** What stands in a listed name for bytes that are no character; the name leads nowhere then. */
  private static final char UNKNOWN_CHARACTER = '\uFFFD';

  private final Volume volume;
  private final Path directory;
  private final Staging staging;
  private final DirectoryPolicy policy;
  private final JobControl control;
  private final NewFiles files;

  private DirectoryIntake(
      Volume volume,
      Path directory,
      Staging staging,
      DirectoryPolicy policy,
      JobControl control,
      NewFiles files) {
    this.volume = volume;
    this.directory = directory;
    this.staging = staging;
    this.policy = policy;
    this.control = control;
    this.files = files;
  }

  /**
   * Copies a directory's files to the staging directory, under their names, and looks at them. What
   * the directory says holds, and the copies are durable, when this returns; when it throws, the
   * staging directory is as it was.
   *
   * @param volume where the directory is looked up
   * @param directory the directory
   * @param staging where files go
   * @param policy what is allowed
   * @param control follows and stops the work; counts bytes of the files
   * @throws NoSuchFileException when there is no such directory
   * @throws DamagedTransferException when it has no {@code snapshot.json}, or that contradicts
   *     itself, or a file is missing, or has another length or digest, or a disk is damaged
   * @throws io.github.qcow4j.snapshot.transfer.UnsupportedTransferException when its version, or
   *     something a disk needs, is not known
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when somebody writes to a qcow2 disk
   * @throws RefusedTransferException when a name leads elsewhere, is no regular file's, or a disk
   *     stands on a file whose name is relative
   * @throws io.github.qcow4j.qcow2.error.ReferenceDeniedException when the policy does not allow
   *     what a disk stands on
   * @throws TransferLimitException when a disk is too large
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws IOException when reading or writing fails; nothing is concluded from that
   */
  public static StagedDirectory stage(
      Volume volume, Path directory, Staging staging, DirectoryPolicy policy, JobControl control)
      throws IOException {
    if (volume.status(directory).kind() != FileKind.DIRECTORY) {
      throw new NotDirectoryException(directory.toString());
    }
    try (NewFiles files = new NewFiles(staging.volume())) {
      return new DirectoryIntake(
              volume, volume.realPath(directory), staging, policy, control, files)
          .run();
    }
  }

  /**
   * Reads what a directory says of itself, and looks at nothing else.
   *
   * @throws DamagedTransferException when it has no {@code snapshot.json}, or that is damaged
   * @throws io.github.qcow4j.snapshot.transfer.UnsupportedTransferException when its version is not
   *     known
   * @throws IOException when it cannot be read
   */
  public static Envelope readEnvelope(Volume volume, Path directory) throws IOException {
    Path path = directory.resolve(Envelope.NAME);
    try {
      requireRegular(volume, path);
    } catch (NoSuchFileException e) {
      throw new DamagedTransferException(
          Envelope.NAME + " is not in " + directory + ": it is no complete export");
    }
    try (BlockFile file = volume.open(path, READING)) {
      long size = file.size();
      if (size > EnvelopeText.MAX_BYTES) {
        throw new TransferLimitException(
            "%s has %d bytes, allowed are %d"
                .formatted(Envelope.NAME, size, EnvelopeText.MAX_BYTES),
            EnvelopeText.MAX_BYTES);
      }
      ByteBuffer text = ByteBuffer.allocate((int) size);
      int count = file.read(text, 0);
      byte[] read = new byte[count];
      text.flip().get(read);
      return EnvelopeText.read(read);
    }
  }

  private static void requireRegular(Volume volume, Path path) throws IOException {
    FileKind kind = volume.linkStatus(path).kind();
    if (kind != FileKind.REGULAR) {
      throw notRegular(path, kind);
    }
  }

  private static RefusedTransferException notRegular(Path path, FileKind kind) {
    return new RefusedTransferException(
        "'%s' is %s, only regular files are allowed"
            .formatted(
                PlainName.shown(String.valueOf(path.getFileName())),
                switch (kind) {
                  case SYMBOLIC_LINK -> "a symbolic link";
                  case DIRECTORY -> "a directory";
                  case FIFO -> "a FIFO";
                  case SOCKET -> "a socket";
                  case BLOCK_DEVICE, CHARACTER_DEVICE -> "a device";
                  case REGULAR, OTHER -> "of an unknown kind";
                }));
  }

  private StagedDirectory run() throws IOException {
    Envelope envelope = readEnvelope(volume, directory);
    Maker maker = Roles.makerOf(envelope);
    List<String> names = names(envelope);
    Map<String, Role> roles = new LinkedHashMap<>();
    Roles.of(envelope, names).forEach(role -> roles.put(role.file(), role));
    if (names.contains(Sidecar.NAME)) {
      Sidecar.require(readSidecar(), roles.size());
    }
    Map<String, StagedFile> copies = new LinkedHashMap<>();
    expectBytes(names);
    for (String name : names) {
      copies.put(name, copy(name, roles.get(name), envelope));
    }
    List<StagedDisk> disks = new ArrayList<>();
    long leftBytes = policy.maxVirtualSize();
    for (Role role : roles.values()) {
      StagedFile copy = copies.remove(role.file());
      if (copy != null) {
        StagedDisk disk = disk(role, copy, envelope, leftBytes);
        leftBytes -= disk.virtualSize();
        disks.add(disk);
      }
    }
    files.keep(staging.directory());
    return new StagedDirectory(envelope, maker, disks, List.copyOf(copies.values()));
  }

  /** The files that are taken: those listed, or else all regular ones. */
  private List<String> names(Envelope envelope) throws IOException {
    List<String> listed = envelope.files();
    List<String> names = new ArrayList<>();
    if (listed != null) {
      for (String name : listed) {
        try {
          requireRegular(volume, directory.resolve(name));
        } catch (NoSuchFileException e) {
          throw new DamagedTransferException(
              "'%s' is listed in %s but missing from %s"
                  .formatted(PlainName.shown(name), Envelope.NAME, directory));
        }
        names.add(name);
      }
      return names;
    }
    for (String name : volume.list(directory)) {
      FileKind kind = kind(name);
      // Cocoon writes no directories; lost+found is one.
      if (kind != FileKind.DIRECTORY && !name.equals(Envelope.NAME)) {
        requireRegular(volume, directory.resolve(PlainName.require(name)));
        names.add(name);
      }
    }
    return names;
  }

  private FileKind kind(String name) throws IOException {
    try {
      return volume.linkStatus(directory.resolve(name)).kind();
    } catch (NoSuchFileException e) {
      if (name.indexOf(UNKNOWN_CHARACTER) < 0) {
        throw e;
      }
      RefusedTransferException refused =
          new RefusedTransferException(
              "The name '" + PlainName.shown(name) + "' is not allowed: it is not UTF-8");
      refused.initCause(e);
      throw refused;
    }
  }

  private byte[] readSidecar() throws IOException {
    try (BlockFile file = volume.open(directory.resolve(Sidecar.NAME), READING)) {
      ByteBuffer text =
          ByteBuffer.allocate((int) Math.min(file.size(), EnvelopeText.MAX_BYTES + 1L));
      int count = file.read(text, 0);
      if (count > EnvelopeText.MAX_BYTES) {
        throw new TransferLimitException(
            Sidecar.NAME + " is larger than allowed", EnvelopeText.MAX_BYTES);
      }
      byte[] read = new byte[count];
      text.flip().get(read);
      return read;
    }
  }

  private void expectBytes(List<String> names) throws IOException {
    long bytes = 0;
    for (String name : names) {
      bytes += volume.linkStatus(directory.resolve(name)).sizeBytes();
    }
    control.expect(bytes);
  }

  /**
   * @param role what disk it is, or null for none
   */
  private StagedFile copy(String name, @Nullable Role role, Envelope envelope) throws IOException {
    Path target = staging.directory().resolve(name);
    try (BlockFile source = volume.open(directory.resolve(name), READING)) {
      if (source.kind() != FileKind.REGULAR) {
        throw notRegular(source.path(), source.kind());
      }
      if (role != null && role.format() == ImageFormat.QCOW2) {
        DiskImages.lockForReading(source);
      }
      long size = source.size();
      requireLength(name, size, envelope);
      try (BlockFile file = files.create(target)) {
        CopyResult copied = FileCopy.copy(source, file, control);
        String digest = envelope.digests().get(name);
        if (digest != null) {
          requireDigest(name, digest, FileCopy.digest(file, control));
        }
        file.syncAll();
        control.advance(size);
        return new StagedFile(name, target, size, digest, copied);
      }
    }
  }

  private static void requireLength(String name, long size, Envelope envelope) throws IOException {
    Long said = envelope.lengths().get(name);
    if (name.equals(Roles.COW) && envelope.config().get("storage") != null) {
      // What a foreign tape archiver made of a sparse disk is short, and its bytes are shifted.
      long storage = EnvelopeText.number(envelope.config().get("storage"), "storage");
      said = storage == 0 ? said : Long.valueOf(storage);
    }
    if (said != null && said != size) {
      throw new DamagedTransferException(
          "'%s' has %d bytes, %s says %d"
              .formatted(PlainName.shown(name), size, Envelope.NAME, said));
    }
  }

  private static void requireDigest(String name, String said, String found)
      throws DamagedTransferException {
    if (!said.equals(found)) {
      throw new DamagedTransferException(
          "Checksum of '%s' is wrong: %s says %s, it has %s"
              .formatted(PlainName.shown(name), Envelope.NAME, said, found));
    }
  }

  private StagedDisk disk(Role role, StagedFile copy, Envelope envelope, long maxVirtualSize)
      throws IOException {
    boolean ours = envelope.disks() != null;
    BackingLink backing = null;
    long virtualSize;
    if (role.format() == ImageFormat.QCOW2) {
      virtualSize =
          DiskSoundness.require(
              staging.volume(), copy.path(), role.file(), maxVirtualSize, !ours, control);
      backing =
          ours
              ? null
              : new OverlayLink(volume, policy, staging)
                  .of(copy.path(), directory.resolve(role.file()));
    } else {
      virtualSize = (copy.lengthBytes() + 511) & -512L;
      if (virtualSize > maxVirtualSize) {
        throw new TransferLimitException(
            "Disk '%s' has %d bytes, allowed are %d"
                .formatted(role.file(), virtualSize, maxVirtualSize),
            maxVirtualSize);
      }
    }
    requireSize(role, virtualSize);
    return new StagedDisk(
        role.role(),
        copy.path(),
        role.format(),
        virtualSize,
        copy.lengthBytes(),
        copy.digest(),
        copy.copied(),
        backing);
  }

  private static void requireSize(Role role, long virtualSize) throws DamagedTransferException {
    @Nullable Long said = role.virtualSize();
    if (said != null && said != virtualSize) {
      throw new DamagedTransferException(
          "Disk '%s' is one of %d bytes, %s says %d"
              .formatted(role.file(), virtualSize, Envelope.NAME, said));
    }
  }
}
