package io.github.qcow4j.qcow2.verify;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import io.github.qcow4j.qcow2.verify.Concern.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What lies wholly behind the end of a file is lost, also where that end is less than a cluster
 * away, which a check lets pass as QEMU's does. Nothing was said against an image that was cut just
 * so, and then it could not be converted.
 */
final class PastEndTest {

  private static final long DISK_BYTES = 1 << 20;

  @TempDir Path directory;

  private Workbench bench;

  @BeforeEach
  void openBench() {
    bench = Workbench.in(directory);
  }

  @Test
  void aCompressedClusterBehindTheEndIsAConcern() throws IOException {
    Path image = compressed();
    ImageSurgeon.operate(image, surgeon -> surgeon.truncate(0x40000 + 1000));
    bench.qemu().assertCheckClean(image);
    assertThat(verify(image))
        .containsExactly(
            new Concern(
                Reason.DATA_PAST_END,
                "compressed cluster at offset 0x50000, the file has 263144 bytes"));
  }

  @Test
  void aCompressedClusterAtTheEndIsAConcern() throws IOException {
    Path image = compressed();
    ImageSurgeon.operate(image, surgeon -> surgeon.truncate(0x50000));
    assertThat(verify(image)).extracting(Concern::reason).containsExactly(Reason.DATA_PAST_END);
  }

  /** The length that an entry says is rounded up, and so it may lead out of the file. */
  @Test
  void aCompressedClusterThatBeginsInTheFileIsNone() throws IOException {
    Path image = compressed();
    ImageSurgeon.operate(image, surgeon -> surgeon.truncate(0x50001));
    assertThat(verify(image)).isEmpty();
  }

  @Test
  void theTableOfABitmapBehindTheEndIsAConcern() throws IOException {
    Path image = bench.image("bitmap.qcow2", "", DISK_BYTES, "write 0 64k");
    long directoryOffset;
    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.changeBitmaps(List.of(new BitmapChange.Add("changes", 1 << 16)));
      directoryOffset = requireNonNull(disk.header().extensions().bitmaps()).directoryOffset();
    }
    assertThat(verify(image)).isEmpty();
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long end = surgeon.appendCluster();
          surgeon.truncate(end);
          surgeon.setRefcount(surgeon.number(directoryOffset), 0);
          surgeon.setRefcount(end, 1);
          surgeon.setNumber(directoryOffset, end);
        });
    bench.qemu().assertCheckClean(image);
    assertThat(verify(image)).extracting(Concern::reason).containsExactly(Reason.TABLE_PAST_END);
    assertThat(verify(image).getFirst().detail()).startsWith("table of a bitmap of 8 bytes at ");
  }

  /** One compressed cluster, behind the L2 table at 0x40000. */
  private Path compressed() {
    return bench.image("compressed.qcow2", "", DISK_BYTES, "write -c -P 5 0 64k");
  }

  private static List<Concern> verify(Path image) throws IOException {
    return ImageVerification.run(Volumes.host(), image, VerificationOptions.ANY, new JobControl())
        .concerns();
  }
}
