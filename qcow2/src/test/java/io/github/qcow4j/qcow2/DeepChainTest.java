package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chains with more layers than a stack has room for calls. */
final class DeepChainTest {

  private static final int LAYERS = 3000;
  private static final int CLUSTER = 1 << 16;
  private static final int SIZE = 4 * CLUSTER;
  private static final int SMALL_STACK_BYTES = 1 << 18;

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  /** Each layer asked the one below in a call of its own, so that the stack ended. */
  @Test
  void layersAreAskedOneAfterTheOther() throws Exception {
    Path top = create(0);
    write(top, 0, 1);
    for (int layer = 1; layer < LAYERS; layer++) {
      top = create(layer);
      if (layer == LAYERS / 2) {
        write(top, CLUSTER, 2);
      }
    }
    write(top, 2 * CLUSTER, 3);

    try (DiskImage disk = open(top, ImageOptions.of(ImageFormat.QCOW2))) {
      FutureTask<List<Long>> seen = new FutureTask<>(() -> look(disk));
      new Thread(null, seen, "small", SMALL_STACK_BYTES).start();

      assertThat(seen.get())
          .containsExactly(LAYERS - 1L, 1L, LAYERS / 2 - 1L, 2L, 0L, 3L, LAYERS - 1L, 0L);
    }
  }

  /** Of each cluster the depth and the number that it holds. */
  private static List<Long> look(DiskImage disk) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(SIZE);
    disk.read(0, content);
    List<Long> seen = new ArrayList<>();
    for (int offset = 0; offset < SIZE; offset += CLUSTER) {
      seen.add((long) disk.extentAt(offset, CLUSTER).depth());
      seen.add(content.getLong(offset));
    }
    return seen;
  }

  private Path create(int layer) throws IOException {
    Path image = directory.resolve("layer" + layer);
    ImageSpec spec = ImageSpec.ofSize(SIZE);
    ImageCreation.create(
        Volumes.host(),
        image,
        layer == 0 ? spec : spec.withBacking("layer" + (layer - 1), "qcow2"));
    return image;
  }

  private static void write(Path image, long offset, long number) throws IOException {
    try (DiskImage disk = open(image, ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
      disk.write(offset, ByteBuffer.allocate(8).putLong(0, number));
    }
  }

  private static DiskImage open(Path image, ImageOptions options) throws IOException {
    return DiskImages.open(
        Volumes.host(), image, ReferencePolicy.sameDirectory(), options.withMaxChainLayers(LAYERS));
  }
}
