package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.create.RawCreation;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Makes an image, and says in {@code qemu-img}'s words why it could not. */
final class ImageMaker {

  private final Console console;
  private final BackingChoice below;

  /**
   * @param console what surrounds the call
   * @param below what the image will lie on
   */
  ImageMaker(Console console, BackingChoice below) {
    this.console = console;
    this.below = below;
  }

  /**
   * Makes an image; what is wrong with its options is found out here.
   *
   * @param name the image
   * @param format its format
   * @param options its options, all of them
   * @param sizeBytes the size of its disk
   */
  void create(ImageName name, ImageFormat format, FormatOptions options, long sizeBytes)
      throws UsageException, CommandFailure, JobCancelledException {
    try {
      switch (format) {
        case RAW -> createRaw(name, options, sizeBytes);
        case QCOW2 -> createQcow2(name, options, sizeBytes);
      }
    } catch (UsageException e) {
      throw e.after(name.given() + ": ");
    }
  }

  private void createRaw(ImageName name, FormatOptions options, long sizeBytes)
      throws UsageException, CommandFailure, JobCancelledException {
    Preallocation preallocation = RawOptions.preallocation(options);
    if (sizeBytes < 0 || sizeBytes > Long.MAX_VALUE - FormatLimits.SECTOR_BYTES) {
      throw UsageException.wrongValue("Could not resize file: Invalid argument");
    }
    long wholeSectors = (sizeBytes + FormatLimits.SECTOR_BYTES - 1) & -FormatLimits.SECTOR_BYTES;
    JobControl control = job(preallocation);
    try {
      RawCreation.create(console.volume(), name.path(), wholeSectors, preallocation, control);
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw failure(name, ImageFormat.RAW, "Could not resize file: ", e);
    }
  }

  private void createQcow2(ImageName name, FormatOptions options, long sizeBytes)
      throws UsageException, CommandFailure, JobCancelledException {
    ImageSpec spec = new Qcow2Options(options).spec(sizeBytes);
    try {
      refuseToReplaceBelow(name, spec);
      below.room().plus(spec.l1Entries()).require(name.path());
      ImageCreation.create(console.volume(), name.path(), spec, job(spec.preallocation()));
    } catch (LimitExceededException e) {
      throw beyondLimit(name, spec, e);
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw failure(name, ImageFormat.QCOW2, "Could not resize image: ", e);
    }
  }

  /** What the image is to show must not give place to it, nor to its data file. */
  private void refuseToReplaceBelow(ImageName name, ImageSpec spec)
      throws CommandFailure, IOException {
    refuseToReplaceBelow(name, name.path());
    if (spec.dataFile() != null) {
      refuseToReplaceBelow(name, Path.of(spec.dataFile().name()));
    }
  }

  private void refuseToReplaceBelow(ImageName name, Path made) throws CommandFailure, IOException {
    if (below.files().hold(console.volume(), made)) {
      throw new CommandFailure(
          1, name.given() + ": Could not create '" + made + "': It is a file of the backing chain");
    }
  }

  /** What takes nothing at once is not worth stopping, and is done even when the time is up. */
  private JobControl job(Preallocation preallocation) {
    return preallocation == Preallocation.OFF ? new JobControl() : console.startJob();
  }

  private CommandFailure beyondLimit(ImageName name, ImageSpec spec, LimitExceededException e) {
    if (e.limitName().startsWith("backing file name") || e.limitName().startsWith("header")) {
      String reason =
          e.limitName().startsWith("header") ? Errno.ENOSPC.text() : Errno.EINVAL.text();
      return new CommandFailure(
          1,
          name.given()
              + ": Could not assign backing file '"
              + spec.backingName()
              + "' with format '"
              + spec.backingFormat()
              + "': "
              + reason,
          null,
          e);
    }
    return e.limitName().endsWith("of a chain")
        ? failure(name, ImageFormat.QCOW2, "", e)
        : tooLarge(name, ImageFormat.QCOW2, e);
  }

  private static CommandFailure tooLarge(ImageName name, ImageFormat format, IOException e) {
    return new CommandFailure(
        1,
        name.given()
            + ": The image size is too large for file format '"
            + format.label()
            + "'"
            + (format == ImageFormat.QCOW2 ? " (try using a larger cluster size)" : ""),
        null,
        e);
  }

  private CommandFailure failure(
      ImageName name, ImageFormat format, String resizing, IOException e) {
    String what = "";
    if (e instanceof SystemCallException call && Errno.EFBIG.text().equals(call.getReason())) {
      return tooLarge(name, format, e);
    }
    // A provider that knows no numbers still has the kernel's texts.
    boolean complete =
        e instanceof SystemCallException call
            && call.errno() == 0
            && Errno.ofText(call.getReason()) == null;
    if (!complete && e instanceof FileSystemException file) {
      what =
          isAboutContent(file)
              ? resizing
              : "Could not create '" + String.valueOf(file.getFile()) + "': ";
    }
    return new CommandFailure(
        1,
        name.given() + ": " + what + console.errorText().reason(e),
        console.errorText().hint(e),
        e);
  }

  /** Whether the file was there, and could not become what it should. */
  private static boolean isAboutContent(FileSystemException failure) {
    return failure instanceof SystemCallException call
        && switch (call.call()) {
          case "ftruncate", "fallocate", "pwrite", "pwrite64", "fsync", "fdatasync" -> true;
          default -> false;
        };
  }
}
