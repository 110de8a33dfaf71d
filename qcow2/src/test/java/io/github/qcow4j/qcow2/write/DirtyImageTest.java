package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images with postponed refcounts: those of others are repaired, ours never need to be. */
class DirtyImageTest {

  private static final int DIRTY_BIT = 0;
  private static final int CORRUPT_BIT = 1;

  @TempDir Path directory;

  private Workbench bench;
  private Path image;

  @BeforeEach
  void makeImage() {
    bench = Workbench.in(directory);
    image = bench.image("image.qcow2", "lazy_refcounts=on", 8 << 20, "write -P 7 0 1M");
  }

  @Test
  void aDirtyImageIsRepairedBeforeItIsWrittenTo() throws IOException {
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, DIRTY_BIT);
          surgeon.setRefcount(surgeon.clusterOffset(0), 0);
          surgeon.setRefcount(surgeon.clusterOffset(1 << 16), 0);
          surgeon.appendCluster();
        });
    try (DiskImage disk = open()) {
      disk.write(4 << 20, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }
    bench.qemu().assertCheckClean(image);
    bench.qemu().io(image, "read -P 7 0 1M");
    assertThat(features() & 1L << DIRTY_BIT).isZero();
  }

  @Test
  void aDirtyImageIsReadAsItIs() throws IOException {
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, DIRTY_BIT));
    try (DiskImage disk =
        DiskImages.open(
            Volumes.host(), image, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))) {
      ByteBuffer data = ByteBuffer.allocate(1);
      disk.read(0, data);
      assertThat(data.get(0)).isEqualTo((byte) 7);
    }
    assertThat(features() & 1L << DIRTY_BIT).isNotZero();
  }

  @Test
  void aCorruptImageIsNotWrittenToUntilSomebodyAsksForItsRepair() {
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, CORRUPT_BIT));
    assertThatThrownBy(this::open)
        .isInstanceOf(CorruptImageException.class)
        .hasMessageContaining("cannot be opened read/write");
  }

  @Test
  void noMomentOfWritingLeavesRefcountsThatNeedRepair() throws IOException {
    try (DiskImage disk = open()) {
      for (int i = 0; i < 4; i++) {
        disk.write((2L + i) << 20, ByteBuffer.allocate(100_000));
        disk.sync();
        assertThat(features() & 1L << DIRTY_BIT).isZero();
        bench.qemu().img("check", "-U", "-f", "qcow2", image.toString()).expectExit(0, 3);
      }
    }
    bench.qemu().assertCheckClean(image);
  }

  private DiskImage open() throws IOException {
    return DiskImages.open(
        Volumes.host(),
        image,
        ReferencePolicy.deny(),
        ImageOptions.of(ImageFormat.QCOW2).withWriting());
  }

  private long features() {
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      return surgeon.get(HeaderField.INCOMPATIBLE_FEATURES);
    }
  }
}
