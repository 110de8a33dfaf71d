package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTakenException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Takes, applies and deletes internal snapshots. Each is found as {@code qemu-img} finds it: one to
 * apply by its id, or else by its name; one to delete by its name alone.
 */
final class SnapshotActions {

  /** QEMU's own space for a name; what is longer is cut. */
  private static final int NAME_BYTES = 255;

  private final Console console;
  private final ImageAccess access;

  SnapshotActions(Console console, ImageAccess access) {
    this.console = console;
    this.access = access;
  }

  void create(ImageName image, String snapshot) throws UsageException, CommandFailure, IOException {
    try (DiskImage disk = openForOneMore(image, snapshot)) {
      if (!(disk instanceof Qcow2Image qcow2)) {
        throw notCreated(snapshot, Errno.EOPNOTSUPP, null);
      }
      try {
        qcow2.createSnapshot(cut(snapshot), Instant.now());
      } catch (SnapshotTakenException e) {
        String reason = console.errorText().reason(e.reason());
        throw new CommandFailure(
            1,
            "Snapshot '%s' was created, but tidying the file up failed: %s"
                .formatted(snapshot, reason),
            null,
            e);
      } catch (UnsupportedFeatureException e) {
        throw notCreated(snapshot, Errno.EOPNOTSUPP, e);
      } catch (LimitExceededException e) {
        boolean narrow = e.limitName().equals("refcount bits");
        throw notCreated(snapshot, narrow ? Errno.EINVAL : Errno.EFBIG, e);
      } catch (CorruptImageException e) {
        throw e.structure().equals("refcount table")
            ? notCreated(snapshot, Errno.EAGAIN, e)
            : failure("create", snapshot, console.errorText().reason(e), e);
      } catch (FileSystemException e) {
        Errno errno = Errno.ofText(console.errorText().reason(e));
        throw notCreated(snapshot, errno == null ? Errno.EIO : errno, e);
      } catch (IOException e) {
        throw failure("create", snapshot, console.errorText().reason(e), e);
      }
    }
  }

  /** A table that is full is told as such, even when it cannot be read. */
  private DiskImage openForOneMore(ImageName image, String snapshot)
      throws UsageException, CommandFailure {
    try {
      return access.openWriting(image);
    } catch (CommandFailure e) {
      throw isTableFull(image) ? notCreated(snapshot, Errno.EFBIG, null) : e;
    }
  }

  private boolean isTableFull(ImageName image) {
    try (ImageCheck opened = ImageCheck.open(console.volume(), image.path())) {
      return opened.header().snapshotCount() >= FormatLimits.MAX_SNAPSHOTS;
    } catch (IOException e) {
      console.trace(e);
      return false;
    }
  }

  void apply(ImageName image, String snapshot) throws UsageException, CommandFailure, IOException {
    requireNoBitmaps(image, snapshot);
    try (DiskImage disk = access.openWriting(image)) {
      if (!(disk instanceof Qcow2Image qcow2)) {
        throw failure("apply", snapshot, "Block driver does not support snapshots", null);
      }
      InternalSnapshot wanted = SnapshotChoice.byIdOrName(qcow2, snapshot);
      if (wanted == null) {
        boolean possible = qcow2.dataFile().equals(qcow2.imageFile());
        throw failure(
            "apply",
            snapshot,
            "Failed to load snapshot: "
                + (possible ? Errno.ENOENT.text() : Errno.EOPNOTSUPP.text()),
            null);
      }
      try {
        qcow2.applySnapshot(wanted);
      } catch (IOException e) {
        Errno errno = SnapshotTableFailure.errno(e);
        if (errno != null) {
          console.error(console.errorText().reason(e));
          throw failure("apply", snapshot, "Failed to load snapshot: " + errno.text(), e);
        }
        throw failure("apply", snapshot, console.errorText().reason(e), e);
      }
    }
  }

  /**
   * Bitmaps would know nothing of this change. Asked before the image is opened for writing, as
   * QEMU does; what fails here fails again there.
   */
  private void requireNoBitmaps(ImageName image, String snapshot) throws CommandFailure {
    ImageOptions options =
        access.options(image).withMetadataOnly().withSharing(ImageOptions.Sharing.FORCE_SHARE);
    boolean followed = false;
    try (DiskImage disk =
        DiskImages.open(console.volume(), image.path(), ReferencePolicy.deny(), options)) {
      followed = disk instanceof Qcow2Image qcow2 && !qcow2.bitmaps().isEmpty();
    } catch (IOException e) {
      console.trace(e);
    }
    if (followed) {
      throw failure("apply", snapshot, "Device has active dirty bitmaps", null);
    }
  }

  void delete(ImageName image, String snapshot) throws UsageException, CommandFailure, IOException {
    try (DiskImage disk = access.openWriting(image)) {
      InternalSnapshot unwanted =
          disk instanceof Qcow2Image qcow2 ? SnapshotChoice.byName(qcow2, snapshot) : null;
      if (unwanted == null) {
        throw failure("delete", snapshot, "snapshot not found", null);
      }
      try {
        ((Qcow2Image) disk).deleteSnapshot(unwanted);
      } catch (IOException e) {
        throw failure("delete", snapshot, console.errorText().reason(e), e);
      }
    }
  }

  private static String cut(String name) {
    int bytes = 0;
    int end = 0;
    while (end < name.length()) {
      int next = name.offsetByCodePoints(end, 1);
      bytes += name.substring(end, next).getBytes(StandardCharsets.UTF_8).length;
      if (bytes > NAME_BYTES) {
        break;
      }
      end = next;
    }
    return name.substring(0, end);
  }

  private static CommandFailure notCreated(
      String snapshot, Errno errno, @Nullable IOException cause) {
    return failure("create", snapshot, -errno.number() + " (" + errno.text() + ")", cause);
  }

  private static CommandFailure failure(
      String what, String snapshot, String reason, @Nullable IOException cause) {
    return new CommandFailure(
        1, "Could not " + what + " snapshot '" + snapshot + "': " + reason, null, cause);
  }
}
