package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No layer is added to a chain that could not be opened with it, and nothing is changed then. */
final class ChainRoomTest {

  /**
   * So large a disk has the longest L1 table, of 32 MiB, and eight of them are what a chain has.
   */
  private static final long LARGEST_DISK = 1L << 51;

  private static final int LAYERS = 8;
  private static final long SMALL_DISK = 1 << 20;

  @TempDir private Path directory;

  /** The name of the layer on seven others. */
  private String top;

  @BeforeEach
  void makeFullChain() throws IOException {
    for (int i = 0; i < LAYERS; i++) {
      String name = "layer-" + i;
      make(name, LARGEST_DISK, top);
      top = name;
    }
  }

  private void make(String name, long sizeBytes, String below) throws IOException {
    try (BlockFile file = VOLUME.open(directory.resolve(name), OpenOptions.creatingNew())) {
      ImageCreation.writeSparse(file, spec(sizeBytes, below));
    }
  }

  private static ImageSpec spec(long sizeBytes, String below) {
    ImageSpec spec = ImageSpec.ofSize(sizeBytes);
    return below == null ? spec : spec.withBacking(below, "qcow2");
  }

  private static void assertRefused(ThrowingCallable operation) {
    assertThatThrownBy(operation)
        .isInstanceOfSatisfying(
            LimitExceededException.class,
            e -> assertThat(e.limit()).isEqualTo(FormatLimits.MAX_CHAIN_L1_BYTES))
        .hasMessage("The L1 tables of the chain are too large together");
  }

  @Test
  void aNewImageIsNotMadeOnAChainThatIsFull() throws IOException {
    Path image = directory.resolve("new");
    try (DiskImage full = open(directory.resolve(top));
        DiskImage below = open(directory.resolve("layer-" + (LAYERS - 2)))) {
      assertThat(ChainRoom.of(full).l1Bytes()).isEqualTo(FormatLimits.MAX_CHAIN_L1_BYTES);
      assertRefused(
          () -> FreshImage.create(VOLUME, image, spec(SMALL_DISK, top), full, new JobControl()));
      assertThat(image).doesNotExist();
      FreshImage.create(VOLUME, image, spec(LARGEST_DISK, "layer-6"), below, new JobControl())
          .close();
    }
  }

  @Test
  void anImageIsNotLaidOnAChainThatIsFull() throws IOException {
    make("small", SMALL_DISK, null);
    Path small = directory.resolve("small");
    byte[] before = Files.readAllBytes(small);
    assertRefused(() -> rebase(small, top));
    assertThat(Files.readAllBytes(small)).isEqualTo(before);
    rebase(small, "layer-6");
    try (DiskImage opened = open(small)) {
      assertThat(opened.layers()).hasSize(LAYERS);
    }
  }

  private static void rebase(Path image, String below) throws IOException {
    Rebase.run(
        VOLUME,
        image,
        ReferencePolicy.allow(),
        QCOW2,
        new BackingName(below, "qcow2"),
        RebaseOptions.DEFAULT,
        new JobControl());
  }

  @Test
  void anImageDoesNotGrowBeyondWhatItsChainCanHave() throws IOException {
    make("small", SMALL_DISK, "layer-6");
    make("on small", SMALL_DISK, "small");
    Path image = directory.resolve("on small");
    byte[] before = Files.readAllBytes(image);
    try (DiskImage opened =
        DiskImages.open(VOLUME, image, ReferencePolicy.allow(), QCOW2.withWriting())) {
      assertRefused(() -> ((Qcow2Image) opened).resize(LARGEST_DISK));
      assertThat(opened.virtualSize()).isEqualTo(SMALL_DISK);
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
    open(image).close();
  }

  /** The number of layers is asked as it will be with the new one. */
  @Test
  void aBackingFileIsOpenedOnlyWhereOneMoreLayerIsAllowed() throws IOException {
    openBacking("layer-2", 4).close();
    assertThatThrownBy(() -> openBacking("layer-2", 3))
        .isInstanceOfSatisfying(
            LimitExceededException.class, e -> assertThat(e.limit()).isEqualTo(3))
        .hasMessage("Backing chain has more than 3 layers");
    assertThatThrownBy(() -> openBacking("layer-0", 1))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("Backing chain has more than 1 layers");
  }

  private DiskImage openBacking(String name, int maxLayers) throws IOException {
    return DiskImages.openBacking(
        VOLUME,
        directory.resolve("new"),
        name,
        "qcow2",
        ReferencePolicy.allow(),
        QCOW2.withMaxChainLayers(maxLayers));
  }
}
