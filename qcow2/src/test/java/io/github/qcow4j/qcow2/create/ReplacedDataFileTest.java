package io.github.qcow4j.qcow2.create;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An image with a data file that is made anew is the old one or the new one, whichever step to its
 * names fails: never the old image over the new data.
 */
class ReplacedDataFileTest {

  private static final int SIZE = 256 << 10;
  private static final byte OLD = 77;
  private static final Set<String> STEPS =
      Set.of("linkUnnamed", "rename", "syncAll", "syncDirectory");

  @TempDir private Path directory;

  static List<Volume> volumes() {
    return Volumes.providers().stream()
        .filter(volume ->
            volume.provider().capabilities().contains(ProviderInfo.Capability.RENAME_FLAGS))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void showsItsOldDataUntilItIsTheNewOne(Volume volume) throws IOException {
    boolean done = false;
    int timesOld = 0;
    for (int nth = 1; !done; nth++) {
      Path folder = Files.createDirectory(directory.resolve("run-" + nth));
      Path image = folder.resolve("disk.qcow2");
      ImageSpec spec = spec(folder.resolve("disk.data"));
      ImageCreation.create(volume, image, spec);
      QemuTools.require().io(image, "write -P " + OLD + " 0 256k");
      Object before = Files.getAttribute(image, "unix:ino");

      done = createFailingAt(nth, volume, image, spec);

      boolean old = Files.getAttribute(image, "unix:ino").equals(before);
      assertThat(done && old).isFalse();
      assertContent(volume, image, old ? OLD : 0, "step " + nth + " failed");
      List<String> names = names(folder);
      if (!done && !old) {
        // The new name may yet be lost in a power cut: the old data are kept.
        Path kept = folder.resolve(names.removeFirst());
        assertThat(kept.toString()).endsWith(AtomicFile.TEMPORARY_SUFFIX);
        assertThat(Files.readAllBytes(kept)).containsOnly(OLD);
      }
      assertThat(names).containsExactly("disk.data", "disk.qcow2");
      timesOld += old ? 1 : 0;
    }
    assertThat(timesOld).as("failures after which the image is the old one").isGreaterThan(4);
  }

  private static ImageSpec spec(Path data) {
    return new ImageSpec(
        SIZE,
        3,
        16,
        4,
        CompressionType.ZLIB,
        false,
        false,
        null,
        null,
        Preallocation.METADATA,
        new ImageSpec.DataFile(data.toString(), true));
  }

  /** Whether it succeeded. */
  private static boolean createFailingAt(int nth, Volume volume, Path image, ImageSpec spec) {
    int[] steps = {0};
    TappedVolume tapped =
        new TappedVolume(
            volume,
            call -> {
              if (STEPS.contains(call.name()) && ++steps[0] == nth) {
                throw Errno.ENOSPC.exception(call.name(), "disk");
              }
            });
    try {
      ImageCreation.create(tapped.volume(), image, spec);
      return true;
    } catch (IOException e) {
      assertThat(steps[0]).as("nothing had failed: %s", e).isGreaterThanOrEqualTo(nth);
      return false;
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void leavesNoDataFileWhereNoneWas(Volume volume) throws IOException {
    boolean done = false;
    for (int nth = 1; !done; nth++) {
      Path folder = Files.createDirectory(directory.resolve("new-" + nth));
      Path image = folder.resolve("disk.qcow2");
      done = createFailingAt(nth, volume, image, spec(folder.resolve("disk.data")));
      assertThat(names(folder))
          .as("step %s failed", nth)
          .isIn(List.of(), List.of("disk.data", "disk.qcow2"));
    }
  }

  private static void assertContent(Volume volume, Path image, int expected, String after)
      throws IOException {
    ByteBuffer content = ByteBuffer.allocate(SIZE);
    try (DiskImage disk =
        DiskImages.open(
            volume, image, ReferencePolicy.allow(), ImageOptions.of(ImageFormat.QCOW2))) {
      disk.read(0, content);
    }
    byte[] whole = new byte[SIZE];
    Arrays.fill(whole, (byte) expected);
    assertThat(Arrays.equals(content.array(), whole)).as(after).isTrue();
  }

  private static List<String> names(Path folder) throws IOException {
    return new ArrayList<>(Volumes.host().list(folder));
  }
}
