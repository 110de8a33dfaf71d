package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bitmaps that follow every write, of which an image may have 65,535. */
class ManyFollowingBitmapsTest {

  private static final int CLUSTER_BYTES = 2 << 20;

  @TempDir private Path directory;

  /** The bits of each come in a cluster: for all of them there is no memory. */
  @Test
  void whatAWriteMarksIsHeldOnceForAllThatAreEquallyCoarse() throws IOException {
    int count = Math.toIntExact(Runtime.getRuntime().maxMemory() / CLUSTER_BYTES) + 1;
    Path image = Workbench.in(directory).image("image.qcow2", "cluster_size=2M", 1 << 30);
    List<BitmapChange> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(new BitmapChange.Add("b" + i, i % 2 == 0 ? 512 : 1 << 16));
    }
    Qcow2Header header;
    List<Bitmap> bitmaps;
    try (Qcow2Image disk = WritableImage.open(image)) {
      disk.changeBitmaps(all);
      header = disk.header();
      bitmaps = disk.bitmaps();
    }
    assertThat(bitmaps).hasSize(count).allMatch(Bitmap::auto);

    try (BlockFile file = Volumes.host().open(image, OpenOptions.writing())) {
      BitmapTracking tracking = new BitmapTracking(file, header, bitmaps);
      tracking.touch(0, 512);
      assertThat(tracking.mustStore()).isTrue();
    }
  }
}
