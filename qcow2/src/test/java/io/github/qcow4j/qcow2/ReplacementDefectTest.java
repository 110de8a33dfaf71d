package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The ninth of the eleven mistakes, that of replacing files in steps which a failure or a crash may
 * separate: no failure, cancellation or kill leaves anything but the old target, whole.
 */
class ReplacementDefectTest {

  private static final int SIZE = 1 << 20;
  private static final byte[] OLD = "what stood here before".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path directory;
  private Workbench bench;

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
  }

  @Test
  void aReadErrorInTheMiddleLeavesTheOldTargetAndNothingElse() throws IOException {
    Path image = data();
    Path target = oldTarget();
    TappedVolume failing =
        new TappedVolume(
            VOLUME,
            call -> {
              if (call.reads() && call.position() >= 4 * SIZE) {
                throw Errno.EIO.exception("pread", image.toString());
              }
            });

    assertThatThrownBy(() -> flatten(failing.volume(), image, target, new JobControl()))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ImageException.class)
        .hasMessageContaining("Input/output error");

    assertNothingBut(target, OLD);
  }

  @Test
  void aFailureToMakeTheNewFileDurableLeavesTheOldTarget() throws IOException {
    Path image = data();
    Path target = oldTarget();
    TappedVolume failing =
        new TappedVolume(
            VOLUME,
            call -> {
              if (call.is("syncAll")) {
                throw Errno.EIO.exception("fsync", target.toString());
              }
            });

    assertThatThrownBy(() -> flatten(failing.volume(), image, target, new JobControl()))
        .hasMessageContaining("Input/output error");

    assertNothingBut(target, OLD);
  }

  @Test
  void aCancelledFlattenLeavesTheOldTarget() throws IOException {
    Path image = data();
    Path target = oldTarget();
    JobControl[] control = new JobControl[1];
    control[0] =
        JobControl.reportingTo((done, total) -> {
          if (done > 0) {
            control[0].cancel();
          }
        });

    assertThatThrownBy(() -> flatten(VOLUME, image, target, control[0]))
        .isInstanceOf(JobCancelledException.class);

    assertNothingBut(target, OLD);
  }

  @Test
  void theNewFileIsDurableBeforeItHasTheNameAndTheNameBeforeSuccessIsReported() throws IOException {
    Path image = data();
    TappedVolume tapped = new TappedVolume(VOLUME);

    flatten(tapped.volume(), image, oldTarget(), new JobControl());

    List<String> order =
        tapped.calls().stream()
            .map(TappedVolume.Call::name)
            .filter(name -> List.of("write", "syncAll", "rename", "syncDirectory").contains(name))
            .dropWhile(name -> name.equals("write"))
            .toList();
    assertThat(order).containsExactly("syncAll", "rename", "syncDirectory");
  }

  @Test
  void aProcessKilledInTheMiddleLeavesTheOldTargetWhole() throws Exception {
    Path image = data();
    Path target = oldTarget();
    Process victim =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                KilledFlatten.class.getName(),
                image.toString(),
                target.toString())
            .redirectErrorStream(true)
            .start();
    try (InputStream output = victim.getInputStream()) {
      assertThat(new String(output.readAllBytes(), StandardCharsets.UTF_8)).isEmpty();
    }

    assertThat(victim.waitFor()).isEqualTo(KilledFlatten.EXIT_CODE);
    assertThat(target).hasBinaryContent(OLD);
    try (Stream<Path> names = Files.list(target.getParent())) {
      assertThat(names.filter(name -> !name.equals(target)))
          .allMatch(name -> name.toString().endsWith(AtomicFile.TEMPORARY_SUFFIX));
    }
  }

  private Path data() {
    bench.file("data", Workbench.randomBytes(8 * SIZE, 1));
    return bench.image("image.qcow2", "", 8 * SIZE, "write -s data 0 8M");
  }

  private Path oldTarget() {
    return bench.file("targets/disk.raw", OLD);
  }

  private void assertNothingBut(Path target, byte[] content) throws IOException {
    assertThat(target).hasBinaryContent(content);
    assertThat(target.getParent()).isDirectoryNotContaining(name -> !name.equals(target));
  }

  @Test
  void aCreationThatFailsLeavesTheOldFileWhole() throws IOException {
    Path target = oldTarget();
    TappedVolume failing =
        new TappedVolume(
            VOLUME,
            call -> {
              if (call.is("syncAll")) {
                throw Errno.EIO.exception("fsync", target.toString());
              }
            });

    assertThatThrownBy(() -> ImageCreation.create(failing.volume(), target, ImageSpec.ofSize(SIZE)))
        .hasMessageContaining("Input/output error");

    assertNothingBut(target, OLD);
  }

  /** The child process of a test: flattens, and dies at the second write to the target. */
  static final class KilledFlatten {

    static final int EXIT_CODE = 137;

    private KilledFlatten() {}

    public static void main(String[] arguments) throws IOException {
      int[] writes = {0};
      TappedVolume deadly =
          new TappedVolume(
              VOLUME,
              call -> {
                if (call.is("write") && ++writes[0] == 2) {
                  Runtime.getRuntime().halt(EXIT_CODE);
                }
              });
      Path image = Path.of(arguments[0]);
      try (DiskImage disk = openTapped(deadly, image);
          ConvertTarget target =
              RawTargets.create(deadly.volume(), Path.of(arguments[1]), disk.virtualSize())) {
        Conversion.run(
            List.of(disk),
            target,
            new ConvertOptions(1, 4096, false, 0),
            new JobControl(),
            (offset, length, cause) -> {});
      }
    }
  }

  private static DiskImage openTapped(TappedVolume tapped, Path image) throws IOException {
    return DiskImages.open(tapped.volume(), image, ReferencePolicy.allow(), QCOW2);
  }

  private static void flatten(Volume volume, Path image, Path to, JobControl control)
      throws IOException {
    try (DiskImage disk = DiskImages.open(volume, image, ReferencePolicy.allow(), QCOW2);
        ConvertTarget target = RawTargets.create(volume, to, disk.virtualSize())) {
      Conversion.run(
          List.of(disk), target, ConvertOptions.DEFAULT, control, (offset, length, cause) -> {});
    }
  }
}
