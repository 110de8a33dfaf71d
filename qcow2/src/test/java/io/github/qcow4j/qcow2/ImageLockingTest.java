package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.ImageOptions.Sharing;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.testing.HeldImage;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** QEMU's image locks, against real processes, in both directions and through every provider. */
@SuppressWarnings("try") // What is held open is not otherwise used.
class ImageLockingTest {

  private static final int SIZE = 1 << 20;

  @TempDir private Path directory;
  private Workbench bench;
  private Path base;
  private Path top;

  static List<Volume> volumes() {
    return Volumes.providers();
  }

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
    base = bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    top = bench.overlay("top.qcow2", "", "base.qcow2");
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void anImageThatQemuWritesToIsInUse(Volume volume) throws IOException {
    try (HeldImage held = HeldImage.open(top, "qcow2")) {
      assertThatThrownBy(() -> open(volume, top, QCOW2))
          .isInstanceOf(ImageInUseException.class)
          .hasMessage("Failed to get shared \"write\" lock");
      assertThatThrownBy(() -> open(volume, top, QCOW2.withMetadataOnly()))
          .isInstanceOf(ImageInUseException.class);

      open(volume, top, QCOW2.withSharing(Sharing.FORCE_SHARE)).close();
    }
    open(volume, top, QCOW2).close();
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void aBackingFileThatQemuWritesToIsInUse(Volume volume) {
    try (HeldImage held = HeldImage.open(base, "qcow2")) {
      assertThatThrownBy(() -> open(volume, top, QCOW2))
          .isInstanceOfSatisfying(
              ImageInUseException.class, e -> assertThat(e.image()).isEqualTo(base));
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void readersDoNotDisturbEachOther(Volume volume) throws IOException {
    try (HeldImage held = HeldImage.open(top, "qcow2", "-r");
        DiskImage disk = open(volume, top, QCOW2)) {
      assertThat(disk.virtualSize()).isEqualTo(SIZE);
      bench.qemu().convertToRaw(top, bench.path("copy.raw"));
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void anImageThatWeReadCannotBeWrittenToByQemuUntilItIsClosed(Volume volume) throws IOException {
    try (DiskImage disk = open(volume, top, QCOW2)) {
      assertLockedAgainstQemu(top);
      assertLockedAgainstQemu(base);
      bench.qemu().img("info", "-U", top.toString()).orFail();
    }
    bench.write(top, "write -P 1 0 64k");
    bench.write(base, "write -P 1 0 64k");
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void theSecondOfTwoOpensKeepsTheImageLockedWhenTheFirstIsClosed(Volume volume)
      throws IOException {
    DiskImage first = open(volume, top, QCOW2);
    try (DiskImage second = open(volume, top, QCOW2)) {
      first.close();
      assertThat(second.virtualSize()).isEqualTo(SIZE);

      assertLockedAgainstQemu(top);
      assertLockedAgainstQemu(base);
    }
    bench.write(top, "write -P 1 0 64k");
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void afterARefusalNothingStaysLocked(Volume volume) {
    try (HeldImage held = HeldImage.open(base, "qcow2")) {
      assertThatThrownBy(() -> open(volume, top, QCOW2)).isInstanceOf(ImageInUseException.class);
    }
    bench.write(top, "write -P 1 0 64k");
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void whoSharesKeepsNobodyOut(Volume volume) throws IOException {
    try (DiskImage disk = open(volume, top, QCOW2.withSharing(Sharing.FORCE_SHARE))) {
      assertThat(disk.virtualSize()).isEqualTo(SIZE);
      bench.write(top, "write -P 1 0 64k");
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void aRawImageIsSharedWithWritersUnlessTheCallerExcludesThem(Volume volume) throws IOException {
    Path raw = bench.file("disk.raw", new byte[SIZE]);
    ImageOptions shared = ImageOptions.of(ImageFormat.RAW);
    ImageOptions excluding = shared.withSharing(Sharing.EXCLUDE_WRITERS);
    try (HeldImage held = HeldImage.open(raw, "raw")) {
      open(volume, raw, shared).close();
      assertThatThrownBy(() -> open(volume, raw, excluding))
          .isInstanceOf(ImageInUseException.class);
    }
    try (DiskImage disk = open(volume, raw, excluding)) {
      assertThat(disk.virtualSize()).isEqualTo(SIZE);
      ToolRun run = bench.qemu().ioRaw(List.of("-f", "raw", "-c", "write 0 512", raw.toString()));
      assertThat(run.stderr()).contains("Failed to get \"write\" lock");
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void aTargetThatQemuHasOpenOrThatIsASourceIsInUse(Volume volume) throws IOException {
    Path target = bench.file("target.raw", new byte[SIZE]);
    try (HeldImage held = HeldImage.open(target, "raw")) {
      assertThatThrownBy(() -> RawTargets.create(volume, target, SIZE))
          .isInstanceOf(ImageInUseException.class);
      assertThatThrownBy(() -> RawTargets.existing(volume, target, SIZE, false))
          .isInstanceOf(ImageInUseException.class);
    }
    try (DiskImage disk = open(volume, top, QCOW2)) {
      assertThat(disk.virtualSize()).isEqualTo(SIZE);
      assertThatThrownBy(() -> RawTargets.create(volume, top, SIZE))
          .isInstanceOf(ImageInUseException.class);
      assertThatThrownBy(() -> RawTargets.create(volume, base, SIZE))
          .isInstanceOf(ImageInUseException.class);
    }
  }

  private void assertLockedAgainstQemu(Path image) {
    ToolRun run = bench.qemu().ioRaw(List.of("-f", "qcow2", "-c", "write 0 512", image.toString()));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).contains("Failed to get \"write\" lock");
  }

  private static DiskImage open(Volume volume, Path image, ImageOptions options)
      throws IOException {
    return DiskImages.open(volume, image, ReferencePolicy.allow(), options);
  }
}
