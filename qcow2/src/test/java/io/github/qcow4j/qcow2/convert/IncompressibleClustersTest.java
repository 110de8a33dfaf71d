package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clusters that do not become smaller are stored as they are, and neighbours together. */
class IncompressibleClustersTest {

  private static final int DISK_BYTES = 8 << 20;
  private static final int CLUSTER_BYTES = 64 << 10;

  @TempDir private Path directory;

  @Test
  void neighboursAreOneWrite() throws IOException {
    Workbench bench = Workbench.in(directory);
    Path raw = bench.file("content.raw", Workbench.randomBytes(DISK_BYTES, 1));
    Path image = bench.path("image.qcow2");
    TappedVolume tapped = new TappedVolume(Volumes.host());
    ImageOptions options = ImageOptions.of(ImageFormat.RAW);

    try (DiskImage disk = DiskImages.open(Volumes.host(), raw, ReferencePolicy.deny(), options);
        ConvertTarget target =
            Qcow2Targets.create(
                tapped.volume(),
                image,
                ImageSpec.ofSize(DISK_BYTES),
                null,
                new Qcow2Targets.Storage(true, 1, true))) {
      Conversion.run(
          List.of(disk),
          target,
          new ConvertOptions(2, 4096, false, 0),
          new JobControl(),
          (offset, length, cause) -> {});
    }

    assertThat(tapped.calls().stream().filter(call -> call.is("write")))
        .hasSizeLessThan(DISK_BYTES / CLUSTER_BYTES / 2);
    bench.qemu().assertCheckClean(image);
    bench.qemu().img("compare", raw.toString(), image.toString()).orFail();
  }
}
