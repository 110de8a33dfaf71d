package io.github.qcow4j.cli.hostile;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** Makes hostile images, each so that a command can come to what is wrong with it. */
final class Workshop {

  private static final String BASE = "base.raw";

  private final Path directory;
  private final Path sound;
  private final Map<Ground, Path> grounds = new EnumMap<>(Ground.class);

  /**
   * What an image is without, and has more, than its ground.
   *
   * @param without what would keep a command from the rest
   * @param backed whether it has a backing file: a raw disk with data where the image has none
   */
  record Variant(Set<Part> without, boolean backed) {

    static final Variant WHOLE = new Variant(Set.of(), false);

    /** What a command can come furthest with; what a case is about stays in it. */
    static Variant of(HostileCase hostile, CommandLine command) {
      Set<Part> without = EnumSet.noneOf(Part.class);
      for (Part part : hostile.ground().parts()) {
        if (part.hinders(command, hostile.ground()) && !hostile.about().contains(part)) {
          without.add(part);
        }
      }
      return new Variant(without, command.wantsBackingFile());
    }
  }

  /**
   * @param directory where the images and their backing file will lie
   */
  Workshop(Path directory) throws IOException {
    this.directory = directory;
    this.sound = Ground.raw(directory);
    restoreBase();
  }

  /** The sound raw disk. */
  Path sound() {
    return sound;
  }

  /** What is below the images that have a backing file. */
  Path base() {
    return directory.resolve(BASE);
  }

  /** Makes the backing file what it was at first. */
  void restoreBase() throws IOException {
    byte[] content = new byte[Ground.SIZE_BYTES];
    // Beyond the first half an image may have nothing of its own.
    for (int i = content.length / 2; i < content.length; i += 512) {
      content[i] = 5;
    }
    Files.write(base(), content);
  }

  /** Makes the image of a case. */
  Path lay(HostileCase hostile, Variant variant, Path file) throws IOException {
    lay(hostile.ground(), file);
    return ImageSurgeon.operate(
        file,
        surgeon -> {
          variant.without().forEach(part -> part.leaveOut(surgeon));
          if (variant.backed()) {
            addBackingFile(surgeon);
          }
          hostile.edits().accept(surgeon);
        });
  }

  /** Makes a sound image. */
  void lay(Ground ground, Path file) throws IOException {
    Path made = grounds.computeIfAbsent(ground, each -> each.make(directory, sound));
    Files.copy(made, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void addBackingFile(ImageSurgeon surgeon) {
    HeaderExtensions extensions = surgeon.extensions();
    if (surgeon.clusterSizeBytes() == 512) {
      // There is no room for these too.
      extensions.remove(HeaderExtensions.FEATURE_NAMES);
    }
    extensions
        .append(HeaderExtensions.BACKING_FORMAT, "raw".getBytes(US_ASCII))
        .setBackingName(BASE);
  }
}
