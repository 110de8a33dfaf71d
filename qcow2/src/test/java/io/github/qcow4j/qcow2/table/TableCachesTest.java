package io.github.qcow4j.qcow2.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What caches of metadata hold, let go, and write back. */
class TableCachesTest {

  private static final int CLUSTER = 512;

  private SimulatedVolume volume;
  private BlockFile file;

  @BeforeEach
  void makeFile() throws IOException {
    volume = SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    file = volume.open(Path.of("/image"), OpenOptions.creatingNew());
    store(0, 16, 0);
  }

  @AfterEach
  void closeFile() throws IOException {
    file.close();
  }

  /** Every cluster begins with its number and the version. */
  private void store(int first, int count, int version) throws IOException {
    for (int i = first; i < first + count; i++) {
      file.write(ByteBuffer.allocate(CLUSTER).putLong(0, i * 100L + version), (long) i * CLUSTER);
    }
  }

  private long stored(int cluster) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(CLUSTER);
    file.readPadded(bytes, (long) cluster * CLUSTER);
    return bytes.getLong(0);
  }

  private long seen(L2Cache cache, int cluster) throws IOException {
    return cache.get(file, (long) cluster * CLUSTER, CLUSTER, false).entry(0);
  }

  @Test
  void tablesLastUsedAreHeldUpToTheBudget() throws IOException {
    L2Cache cache = new L2Cache(2 * CLUSTER);
    assertThat(seen(cache, 1)).isEqualTo(100);
    assertThat(seen(cache, 2)).isEqualTo(200);
    store(0, 16, 1);
    assertThat(seen(cache, 1)).isEqualTo(100);
    assertThat(seen(cache, 3)).isEqualTo(301);
    assertThat(seen(cache, 1)).as("used again before").isEqualTo(100);
    assertThat(seen(cache, 2)).as("let go").isEqualTo(201);
    store(0, 16, 2);
    assertThat(seen(cache, 1)).isEqualTo(101 - 1);
    assertThat(seen(cache, 3)).isEqualTo(302);
  }

  @Test
  void theTableLastUsedIsHeldWhateverTheBudget() throws IOException {
    L2Cache cache = new L2Cache(1);
    assertThat(seen(cache, 1)).isEqualTo(100);
    store(0, 16, 1);
    assertThat(seen(cache, 1)).isEqualTo(100);
    assertThat(seen(cache, 2)).isEqualTo(201);
    assertThat(seen(cache, 1)).isEqualTo(101);
  }

  @Test
  void oneTableOfEachLayerIsHeldWhateverTheBudget() throws IOException {
    L2Cache cache = new L2Cache(1);
    try (BlockFile other = volume.open(Path.of("/other"), OpenOptions.creatingNew())) {
      seen(cache, 1);
      cache.get(other, CLUSTER, CLUSTER, false);
      store(0, 16, 1);
      other.write(ByteBuffer.allocate(8).putLong(0, 7), CLUSTER);
      assertThat(seen(cache, 1)).isEqualTo(100);
      assertThat(cache.get(other, CLUSTER, CLUSTER, false).entry(0)).isZero();
      assertThat(seen(cache, 2)).isEqualTo(201);
      assertThat(seen(cache, 1)).as("the layer before it was used last").isEqualTo(101);
    }
  }

  @Test
  void theSamePlaceInAnotherFileIsAnotherTable() throws IOException {
    L2Cache cache = new L2Cache(1 << 20);
    seen(cache, 1);
    try (BlockFile other = volume.open(Path.of("/other"), OpenOptions.creatingNew())) {
      assertThat(cache.get(other, CLUSTER, CLUSTER, false).entry(0)).isZero();
    }
    assertThat(cache.get(file, 2 * CLUSTER, CLUSTER, true).size()).isEqualTo(CLUSTER / 16);
    assertThat(seen(cache, 1)).isEqualTo(100);
  }

  @Test
  void placesThatHashAlikeAreTwoTables() throws IOException {
    L2Cache cache = new L2Cache(1 << 20);
    long alike = (long) CLUSTER << 32;
    assertThat(Long.hashCode(alike)).isEqualTo(Long.hashCode(CLUSTER));
    assertThat(seen(cache, 1)).isEqualTo(100);
    assertThat(cache.get(file, alike, CLUSTER, false).entry(0)).as("past the end").isZero();
  }

  @Test
  void aTableThatTwoLoadedAtOnceIsCountedOnce() throws IOException {
    L2Cache cache = new L2Cache(2 * CLUSTER);
    AtomicReference<BlockFile> missedAgain = new AtomicReference<>();
    TappedVolume.Tap meanwhile =
        call -> {
          BlockFile image = missedAgain.getAndSet(null);
          if (image != null) {
            cache.get(image, CLUSTER, CLUSTER, false);
          }
        };
    try (BlockFile image =
        new TappedVolume(volume, meanwhile)
            .volume()
            .open(Path.of("/image"), OpenOptions.reading())) {
      missedAgain.set(image);
      cache.get(image, CLUSTER, CLUSTER, false);
      cache.get(image, 2 * CLUSTER, CLUSTER, false);
      store(0, 16, 1);
      assertThat(cache.get(image, CLUSTER, CLUSTER, false).entry(0)).as("held").isEqualTo(100);
      assertThat(cache.get(image, 2 * CLUSTER, CLUSTER, false).entry(0)).isEqualTo(200);
    }
  }

  private MetadataPages pages(long budgetBytes) {
    return new MetadataPages(file, "L2 table", CLUSTER, budgetBytes);
  }

  private static long number(MetadataPages.Page page) {
    return ByteBuffer.wrap(page.bytes()).getLong(0);
  }

  @Test
  void cleanPagesGoAndChangedOnesStay() throws IOException {
    MetadataPages pages = pages(2 * CLUSTER);
    MetadataPages.Page changed = pages.get(CLUSTER);
    changed.bytes()[7] = 42;
    pages.markDirty(changed);
    pages.markDirty(changed);
    assertThat(pages.dirtyBytes()).isEqualTo(CLUSTER);
    pages.get(2 * CLUSTER);
    pages.get(3 * CLUSTER);
    store(0, 16, 1);
    assertThat(pages.get(CLUSTER)).isSameAs(changed);
    assertThat(number(pages.get(3 * CLUSTER))).as("held").isEqualTo(300);
    assertThat(number(pages.get(2 * CLUSTER))).as("let go").isEqualTo(201);
    assertThat(stored(1)).isEqualTo(101);
    pages.writeDirty();
    assertThat(stored(1)).isEqualTo(42);
    assertThat(stored(2)).isEqualTo(201);
    assertThat(pages.dirtyBytes()).isZero();
  }

  @Test
  void asManyCleanPagesStayAsTheBudgetHas() throws IOException {
    MetadataPages pages = pages(3 * CLUSTER);
    for (int i = 1; i <= 5; i++) {
      pages.create((long) i * CLUSTER);
    }
    pages.writeDirty();
    store(0, 16, 1);
    for (int held = 3; held <= 5; held++) {
      assertThat(number(pages.get((long) held * CLUSTER))).as("held").isZero();
    }
    assertThat(number(pages.get(2 * CLUSTER))).as("let go").isEqualTo(201);
    assertThat(number(pages.get(5 * CLUSTER))).as("held beside it").isZero();
    assertThat(number(pages.get(3 * CLUSTER))).as("let go for it").isEqualTo(301);
  }

  @Test
  void aPageIsDirtyFromItsChangeUntilItIsWrittenOrForgotten() throws IOException {
    MetadataPages pages = pages(1 << 20);
    assertThat(pages.isDirty(CLUSTER)).as("not held").isFalse();
    MetadataPages.Page page = pages.get(CLUSTER);
    assertThat(pages.isDirty(CLUSTER)).isFalse();
    pages.markDirty(page);
    assertThat(pages.isDirty(CLUSTER)).isTrue();
    pages.writeDirty();
    assertThat(pages.isDirty(CLUSTER)).isFalse();
    pages.create(CLUSTER);
    assertThat(pages.isDirty(CLUSTER)).isTrue();
    pages.forget(CLUSTER);
    assertThat(pages.isDirty(CLUSTER)).isFalse();
  }

  @Test
  void whatIsWrittenBackMayGoThen() throws IOException {
    MetadataPages pages = pages(CLUSTER);
    for (int i = 1; i <= 4; i++) {
      assertThat(pages.create((long) i * CLUSTER).hostOffset()).isEqualTo((long) i * CLUSTER);
    }
    assertThat(pages.dirtyBytes()).isEqualTo(4 * CLUSTER);
    pages.writeDirty();
    store(0, 16, 3);
    assertThat(number(pages.get(4 * CLUSTER))).as("the newest").isZero();
    assertThat(number(pages.get(1 * CLUSTER))).isEqualTo(103);
  }

  @Test
  void aNewPageIsZerosInPlaceOfWhatWasHeld() throws IOException {
    MetadataPages pages = pages(1 << 20);
    pages.markDirty(pages.get(CLUSTER));
    MetadataPages.Page fresh = pages.create(CLUSTER);
    assertThat(fresh.bytes()).containsOnly(0);
    assertThat(pages.dirtyBytes()).isEqualTo(CLUSTER);
    assertThat(stored(1)).isEqualTo(100);
    pages.writeDirty();
    assertThat(stored(1)).isZero();
  }

  @Test
  void whatIsForgottenIsNotWritten() throws IOException {
    MetadataPages pages = pages(1 << 20);
    pages.create(CLUSTER);
    pages.get(2 * CLUSTER);
    pages.forget(CLUSTER);
    pages.forget(2 * CLUSTER);
    pages.forget(3 * CLUSTER);
    assertThat(pages.dirtyBytes()).isZero();
    pages.writeDirty();
    assertThat(stored(1)).isEqualTo(100);
    store(0, 16, 1);
    assertThat(number(pages.get(2 * CLUSTER))).isEqualTo(201);
  }

  @Test
  void aPageThatTheDiskHasNoRoomForIsRefusedAndChangesNothing() throws IOException {
    MetadataPages pages = pages(1 << 20);
    volume.faults().failCall(1, Errno.ENOSPC);
    IOException refusal = null;
    try {
      pages.createStored(20 * CLUSTER);
    } catch (IOException e) {
      refusal = e;
    }
    assertThat(refusal).isNotNull();
    assertThat(pages.isRefusal(refusal)).isTrue();
    assertThat(pages.isRefusal(new IOException("another"))).isFalse();
    assertThat(pages.dirtyBytes()).isZero();
    volume.faults().none();
    assertThat(pages.createStored(20 * CLUSTER).bytes()).containsOnly(0);
    assertThat(pages.dirtyBytes()).isEqualTo(CLUSTER);
    assertThat(file.size()).isEqualTo(21 * CLUSTER);
  }

  @Test
  void whatCouldNotBeWrittenStaysChanged() throws IOException {
    MetadataPages pages = pages(1);
    pages.create(3 * CLUSTER).bytes()[0] = 1;
    pages.create(2 * CLUSTER);
    volume.faults().failCall(2, Errno.EIO);
    assertThatThrownBy(pages::writeDirty).isInstanceOf(IOException.class);
    assertThat(pages.dirtyBytes()).isEqualTo(CLUSTER);
    assertThat(stored(2)).as("first in the file").isZero();
    volume.faults().none();
    pages.writeDirty();
    assertThat(stored(3)).isEqualTo(1L << 56);
  }

  @Test
  void aPageStandsOnABorder() {
    assertThatThrownBy(() -> pages(1).get(CLUSTER + 8))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage("L2 table offset 0x208 unaligned");
  }
}
