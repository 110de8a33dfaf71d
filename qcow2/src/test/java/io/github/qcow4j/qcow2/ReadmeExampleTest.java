package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of README. */
class ReadmeExampleTest {

  // README begins
  /** Flattens an image and its chain; nothing outside the image's directory is ever opened. */
  static void flatten(Path image, Path raw) throws IOException {
    Volume volume = Volumes.host();
    ImageOptions qcow2 = ImageOptions.of(ImageFormat.QCOW2).withMaxVirtualSize(1L << 40);
    JobControl control =
        JobControl.reportingTo(
            (done, total) -> System.out.println(done + " of " + total + " bytes"));
    try (DiskImage disk = DiskImages.open(volume, image, ReferencePolicy.sameDirectory(), qcow2);
        ConvertTarget target = RawTargets.create(volume, raw, disk.virtualSize())) {
      Conversion.run(
          List.of(disk), target, ConvertOptions.DEFAULT, control, (offset, length, cause) -> {});
    }
  }

  // README ends

  @TempDir private Path directory;

  @Test
  void theExampleFlattensAChain() throws IOException {
    Workbench bench = Workbench.in(directory.toRealPath());
    bench.image("base.qcow2", "", 1 << 20, "write -P 66 0 1M");
    Path top = bench.overlay("top.qcow2", "", "base.qcow2", "write -P 1 0 64k");

    flatten(top, bench.path("ours.raw"));

    bench.qemu().convertToRaw(top, bench.path("theirs.raw"));
    assertThat(bench.path("ours.raw")).hasSameBinaryContentAs(bench.path("theirs.raw"));
  }

  @Test
  void theExampleOpensNothingOutsideTheDirectory() {
    Workbench bench = Workbench.in(directory);
    Path top = bench.unsafeOverlay("top.qcow2", "/etc/passwd", "raw", 1 << 20);

    assertThatThrownBy(() -> flatten(top, bench.path("ours.raw")))
        .isInstanceOf(ReferenceDeniedException.class);
    assertThat(bench.path("ours.raw")).doesNotExist();
  }
}
