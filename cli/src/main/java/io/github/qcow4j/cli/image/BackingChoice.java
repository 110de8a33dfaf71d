package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.ChainFiles;
import io.github.qcow4j.qcow2.ChainRoom;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.StoredName;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The backing file that the user wants a new image to have: whether it makes sense, can be opened,
 * and how large it is. Its format must be stated.
 */
final class BackingChoice {

  private final Console console;
  private final ImageAccess access;
  private final ImageName image;
  private final FormatOptions options;
  private ChainRoom room = ChainRoom.NONE;
  private ChainFiles files = ChainFiles.NONE;

  /**
   * @param console what surrounds the call
   * @param access how images are opened
   * @param image the new image
   * @param options its options
   */
  BackingChoice(Console console, ImageAccess access, ImageName image, FormatOptions options) {
    this.console = console;
    this.access = access;
    this.image = image;
    this.options = options;
  }

  /** Refuses names that make no sense. */
  static void check(String file, FormatOptions options) throws CommandFailure {
    String backing = options.text("backing_file");
    if (backing != null && backing.isEmpty()) {
      throw new CommandFailure(1, file + ": Expected backing file name, got empty string");
    }
    if (file.equals(backing)) {
      throw new CommandFailure(
          1,
          file + ": Error: Trying to create an image with the same filename as the backing file");
    }
  }

  /**
   * The size of the disk: the one given, else that of the backing file.
   *
   * @param unsafe whether the backing file is not to be looked at
   */
  long sizeOr(boolean unsafe) throws UsageException, CommandFailure, IOException {
    String backing = options.text("backing_file");
    String format = options.text("backing_fmt");
    if (backing != null && !unsafe) {
      long backingBytes = look(backing, format);
      if (options.text("size") == null) {
        options.set("size", Long.toString(backingBytes));
      }
    } else if (backing != null && format == null) {
      throw refusal("Backing file specified without backing format");
    }
    if (options.text("size") == null) {
      throw refusal("Image creation needs a size parameter");
    }
    return options.size("size", 0);
  }

  /** What the chain takes that was looked at. */
  ChainRoom room() {
    return room;
  }

  /** The files of the chain that was looked at. */
  ChainFiles files() {
    return files;
  }

  private long look(String backing, @Nullable String format)
      throws UsageException, CommandFailure, IOException {
    try (DiskImage opened = open(backing, format)) {
      if (format == null) {
        throw refusal("Backing file specified without backing format")
            .withRest("Detected format of " + opened.format().label() + ".");
      }
      if (opened.layers().size() >= access.maxChainLayers()) {
        throw refusal("Backing chain has more than " + access.maxChainLayers() + " layers");
      }
      room = ChainRoom.of(opened);
      files = ChainFiles.of(opened);
      return opened.virtualSize();
    }
  }

  private DiskImage open(String backing, @Nullable String format)
      throws UsageException, CommandFailure {
    ImageFormat known = null;
    if (format != null) {
      known = ImageFormat.byLabel(format).orElse(null);
      if (known == null) {
        throw notOpened("Unknown driver '" + format + "'", null);
      }
    }
    if (StoredName.hasProtocol(backing)
        && !backing.startsWith("file:")
        && !backing.startsWith("json:")) {
      String protocol = backing.substring(0, backing.indexOf(':'));
      throw notOpened("Unknown protocol '" + protocol + "'", null);
    }
    try {
      Path path = StoredName.resolveBacking(image.path(), backing);
      ImageOptions how =
          (known == null ? ImageOptions.probing() : ImageOptions.of(known))
              .withSharing(ImageOptions.Sharing.FORCE_SHARE)
              .withMaxChainLayers(access.maxChainLayers())
              .withMaxVirtualSize(access.maxVirtualSize());
      return DiskImages.open(console.volume(), path, access.policy(), how);
    } catch (IOException e) {
      throw notOpened(console.errorText().reasonNotOpened(e), e);
    }
  }

  private CommandFailure notOpened(String reason, @Nullable IOException cause) {
    return new CommandFailure(
        1, image.given() + ": " + reason, "Could not open backing image.", cause);
  }

  private CommandFailure refusal(String reason) {
    return new CommandFailure(1, image.given() + ": " + reason);
  }
}
