package io.github.qcow4j.qcow2.refcount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stored reference counts of images that QEMU wrote, against a reader of their bytes. */
class RefcountReaderTest {

  private static final int CLUSTERS = 700;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 16, 32, 64})
  void storedCountsOfEveryWidthAreReadInAnyOrder(int bits) throws IOException {
    Path image = image("cluster_size=512,refcount_bits=" + bits);
    try (ImageSurgeon surgeon = ImageSurgeon.open(image);
        BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      surgeon.setRefcount(5 * 512, bits == 1 ? 0 : bits == 64 ? -2 : (1L << bits) - 2);
      RefcountReader reader = reader(file, 1024);
      for (int i = 0; i < CLUSTERS; i++) {
        int cluster = i * 397 % CLUSTERS;
        assertThat(reader.refcount(cluster))
            .as("cluster %d", cluster)
            .isEqualTo(surgeon.refcount(cluster * 512L));
      }
    }
  }

  @Test
  void clustersThatNoBlockCoversHaveNoReferences() throws IOException {
    Path image = image("cluster_size=512");
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      RefcountReader reader = reader(file, 0);
      assertThat(reader.refcount(1_000_000)).isZero();
      assertThat(reader.refcount(Long.MAX_VALUE >>> 9)).isZero();
    }
  }

  @Test
  void aTableOrBlockPastTheEndOfTheFileReadsAsZerosAndTakesNoMemory() throws IOException {
    Path image = image("cluster_size=2M");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.setRefcountTableEntry(1, 1L << 50);
          surgeon.set(HeaderField.REFCOUNT_TABLE_CLUSTERS, 4);
        });
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      RefcountReader reader = reader(file, 0);
      assertThat(reader.refcount(0)).isEqualTo(1);
      assertThat(reader.refcount((2L << 20) / 2)).isZero();
    }
    ImageSurgeon.operate(
        image, surgeon -> surgeon.set(HeaderField.REFCOUNT_TABLE_OFFSET, 1L << 60));
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      assertThat(reader(file, 0).refcount(0)).isZero();
    }
  }

  @Test
  void aBlockWithoutAnAlignedPlaceIsCorruptAndOneBeyondAllFilesUnreadable() throws IOException {
    Path image = image("cluster_size=4k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.setRefcountTableEntry(1, surgeon.refcountTableEntry(0) + 512);
          surgeon.setRefcountTableEntry(2, 1L << 63);
        });
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      RefcountReader reader = reader(file, 0);
      assertThatThrownBy(() -> reader.refcount(2048)).isInstanceOf(CorruptImageException.class);
      assertThatThrownBy(() -> reader.refcount(4096))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(CorruptImageException.class);
      assertThat(reader.refcount(0)).isEqualTo(1);
    }
  }

  private Path image(String options) {
    return Workbench.in(directory).image("image.qcow2", options, 1 << 20, "write 0 200k");
  }

  private static RefcountReader reader(BlockFile file, long heldBytes) throws IOException {
    Qcow2Header header = HeaderParser.parse(file, true);
    return new RefcountReader(file, header, RefcountTable.load(file, header), heldBytes);
  }
}
