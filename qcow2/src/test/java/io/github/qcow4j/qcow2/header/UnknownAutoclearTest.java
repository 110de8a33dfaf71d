package io.github.qcow4j.qcow2.header;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.check.RepairScope;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whoever may write takes the unknown autoclear bits away, and nobody puts them back. */
class UnknownAutoclearTest {

  private static final int UNKNOWN_BIT = 63;
  private static final int DIRTY_BIT = 0;
  private static final int BITMAPS_BIT = 0;

  @TempDir Path directory;

  private Workbench bench;
  private Path image;

  @BeforeEach
  void makeImage() {
    bench = Workbench.in(directory);
    image = bench.image("image.qcow2", "lazy_refcounts=on", 8 << 20, "write -P 7 0 1M");
    bench.qemu().img("bitmap", "--add", image.toString(), "b").orFail();
    mark();
  }

  private void mark() {
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setFeatureBit(HeaderField.AUTOCLEAR_FEATURES, UNKNOWN_BIT));
  }

  /** Something that may write to an image. */
  enum Change {
    NOTHING,
    DATA,
    BACKING_NAME,
    BITMAP,
    SNAPSHOT,
    SIZE
  }

  @ParameterizedTest
  @EnumSource
  void theyAreGoneAfterEveryChange(Change change) throws IOException {
    try (Qcow2Image disk =
        (Qcow2Image)
            DiskImages.open(
                Volumes.host(),
                image,
                ReferencePolicy.deny(),
                ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
      switch (change) {
        case NOTHING -> {}
        case DATA -> disk.write(4 << 20, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        case BACKING_NAME -> disk.changeBackingName(null, null);
        case BITMAP -> disk.changeBitmaps(List.of(new BitmapChange.Add("c", 0)));
        case SNAPSHOT -> disk.createSnapshot("s", Instant.EPOCH);
        case SIZE -> disk.resize(16 << 20);
      }
    }
    assertCleared();
  }

  @ParameterizedTest
  @EnumSource
  void theyAreGoneAfterARepairOfWhateverThereIs(RepairScope scope) throws IOException {
    repair(scope);
    assertCleared();
    mark();
    ImageSurgeon.operate(image, surgeon -> surgeon.appendCluster());
    repair(scope);
    assertCleared();
  }

  @Test
  void theyAreGoneAfterRefcountsWereWrittenAnew() throws IOException {
    ImageSurgeon.operate(image, surgeon -> surgeon.setRefcountTableEntry(0, 0));
    repair(RepairScope.ALL);
    assertCleared();
  }

  @Test
  void theyAreGoneAfterADirtyImageWasOpened() throws IOException {
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, DIRTY_BIT);
          surgeon.setRefcount(surgeon.clusterOffset(0), 0);
        });
    theyAreGoneAfterEveryChange(Change.NOTHING);
  }

  @Test
  void aReaderLeavesThem() throws IOException {
    DiskImages.open(
            Volumes.host(), image, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))
        .close();
    assertThat(autoclear()).isEqualTo(1L << UNKNOWN_BIT | 1L << BITMAPS_BIT);
  }

  private void repair(RepairScope scope) throws IOException {
    try (ImageRepair repair = ImageRepair.open(Volumes.host(), image)) {
      repair.run(scope, finding -> {}, new JobControl());
    }
  }

  private void assertCleared() {
    assertThat(autoclear()).isEqualTo(1L << BITMAPS_BIT);
    bench.qemu().assertCheckClean(image);
    bench.qemu().io(image, "read -P 7 0 1M");
  }

  private long autoclear() {
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      return surgeon.get(HeaderField.AUTOCLEAR_FEATURES);
    }
  }
}
