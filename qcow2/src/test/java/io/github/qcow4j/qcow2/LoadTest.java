package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.BitmapChangeException;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.LeakWatch;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images as large, as deep and as full as they get; of none of them anything is left open. */
class LoadTest {

  private static final long TIB = 1L << 40;
  private static final int LAYERS = 256;
  private static final int MOST_BITMAPS = 65_535;

  @TempDir private Path directory;

  private LeakWatch watch;

  @BeforeEach
  void watch() {
    watch = new LeakWatch(directory);
  }

  @AfterEach
  void nothingIsLeftOpen() throws IOException {
    watch.assertNothingIsLeft();
  }

  @Test
  void anImageOf8TiBIsWrittenFromEndToEnd() throws IOException {
    Path image = create("large", 8 * TIB, null);
    try (Qcow2Image disk = WritableImage.open(image)) {
      for (long offset = 0; offset < 8 * TIB; offset += TIB / 4) {
        disk.write(offset, ByteBuffer.allocate(8).putLong(0, offset + 1));
      }
      disk.write(8 * TIB - 8, ByteBuffer.allocate(8).putLong(0, -1));
      assertThat(watch.openFiles()).hasSize(1);
    }
    try (DiskImage disk = Disks.open(image)) {
      for (long offset = 0; offset < 8 * TIB; offset += TIB / 4) {
        assertThat(number(disk, offset)).isEqualTo(offset + 1);
      }
      assertThat(number(disk, 8 * TIB - 8)).isEqualTo(-1);
    }
    QemuTools.require().assertCheckClean(image);
  }

  @Test
  void aChainOf256LayersIsReadThrough() throws IOException {
    Path top = create("layer0", LAYERS << 16, null);
    for (int layer = 1; layer <= LAYERS; layer++) {
      try (Qcow2Image disk = WritableImage.open(top)) {
        disk.write((layer - 1L) << 16, ByteBuffer.allocate(8).putLong(0, layer));
      }
      top = layer == LAYERS ? top : create("layer" + layer, LAYERS << 16, "layer" + (layer - 1));
    }
    try (DiskImage disk = Disks.open(top)) {
      for (int layer = 1; layer <= LAYERS; layer++) {
        assertThat(number(disk, (layer - 1L) << 16)).isEqualTo(layer);
      }
      assertThat(watch.openFiles()).hasSize(LAYERS);
    }
    QemuTools.require().assertCheckClean(top);
  }

  @Test
  void anImageHas65535BitmapsAndNotOneMore() throws IOException {
    Path image = directory.resolve("marked");
    ImageSpec plain = ImageSpec.ofSize(1 << 16);
    // Each bitmap has a cluster for its table.
    ImageSpec small =
        new ImageSpec(
            plain.sizeBytes(),
            plain.version(),
            9,
            plain.refcountOrder(),
            plain.compressionType(),
            false,
            false,
            null,
            null);
    ImageCreation.create(Volumes.host(), image, small);
    List<BitmapChange> all = new ArrayList<>();
    for (int i = 0; i < MOST_BITMAPS; i++) {
      all.add(new BitmapChange.Add("b" + i, 1 << 16));
    }
    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.changeBitmaps(all);
      assertThatThrownBy(() -> disk.changeBitmaps(List.of(new BitmapChange.Add("more", 1 << 16))))
          .isInstanceOf(BitmapChangeException.class)
          .hasMessageEndingWith("Maximum number of persistent bitmaps is already reached");
    }
    try (Qcow2Image disk = (Qcow2Image) Disks.open(image)) {
      assertThat(disk.bitmaps()).hasSize(MOST_BITMAPS);
      assertThat(disk.bitmaps().getLast().name()).isEqualTo("b" + (MOST_BITMAPS - 1));
    }
    // Ours: qemu-img needs minutes for it.
    try (ImageCheck check = ImageCheck.open(Volumes.host(), image)) {
      CheckReport report = check.run(finding -> {}, new JobControl());
      assertThat(report.outcome()).as("%s", report).isEqualTo(CheckReport.Outcome.CONSISTENT);
    }
  }

  private Path create(String name, long sizeBytes, String backing) throws IOException {
    Path image = directory.resolve(name);
    ImageSpec spec = ImageSpec.ofSize(sizeBytes);
    ImageCreation.create(
        Volumes.host(), image, backing == null ? spec : spec.withBacking(backing, "qcow2"));
    return image;
  }

  private static long number(DiskImage disk, long offset) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(8);
    disk.read(offset, bytes);
    return bytes.getLong(0);
  }
}
