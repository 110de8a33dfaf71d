package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A home on a file system that is full, or mounted read-only. */
final class HardPressedHomeTest {

  private static final String ROOT = BoxDisk.ROOT;
  private static final long ROOM_BYTES = 32 << 20;

  private final Volume volume = Volumes.host();
  private LoopFileSystem place;
  private Path directory;

  @BeforeEach
  void makeBox() throws Exception {
    place = LoopFileSystem.mount(Kind.TMPFS, ROOM_BYTES);
    directory = place.newDirectory().resolve("home");
    try (BoxHome home = open()) {
      DiskSource root = new DiskSource.Empty(ROOT, 64 << 20);
      home.create(new CreateRequest("web", List.of(root)), new JobControl());
      DiskBytes.write(volume, home.path("web", ROOT), 0, 4 << 20, 5);
      home.snapshot("web", "one", "");
      home.snapshot("web", "two", "");
    }
  }

  @AfterEach
  void unmount() throws Exception {
    place.close();
  }

  private BoxHome open() throws IOException {
    return BoxHome.open(HomeOptions.of(directory));
  }

  private Path reserve() {
    return directory.resolve("catalogue.reserve");
  }

  /** Takes all storage that there is, to the last page. */
  private Path fill() throws IOException {
    Path file = place.mountPoint().resolve("full-" + System.nanoTime());
    try (BlockFile full = volume.open(file, OpenOptions.creatingNew())) {
      long at = 0;
      for (int step = 1 << 20; step >= 512; step /= 2) {
        try {
          while (true) {
            full.write(ByteBuffer.allocate(step), at);
            at += step;
          }
        } catch (SystemCallException e) {
          assertThat(e.errno()).isEqualTo(Errno.ENOSPC.number());
        }
      }
    }
    return file;
  }

  @Test
  void onAFullFileSystemAHomeIsReadAndBoxesAreRemoved() throws Exception {
    assertThat(Files.size(reserve())).isEqualTo(1 << 20);
    Path _ = fill();
    try (BoxHome home = open()) {
      assertThat(Files.size(reserve())).isEqualTo(512 << 10);
      assertThat(home.list()).extracting(Box::name).containsExactly("web");
    }
    assertThat(Files.size(reserve())).isEqualTo(1 << 20);
    try (BoxHome home = open()) {
      home.mergeSnapshot("web", "two", new JobControl());
    }
    try (BoxHome home = open()) {
      assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl())).isEmpty();
      home.remove("web", false);
      assertThat(home.list()).isEmpty();
    }
    assertThat(reserve()).exists();
    try (BoxHome home = open()) {
      DiskSource root = new DiskSource.Empty(ROOT, 64 << 20);
      home.create(new CreateRequest("again", List.of(root)), new JobControl());
    }
  }

  /** Whatever call it is that finds no room: what failed is not there, and the home goes on. */
  @Test
  void whatFailedForWantOfRoomIsNotThereAndTheHomeGoesOnOnceThereIsSome() throws Exception {
    int failed = 0;
    for (int pages = 0; pages < 26; pages++) {
      String name = "s" + pages;
      boolean done = true;
      try (BoxHome home = open()) {
        home.list();
        Files.deleteIfExists(reserve());
        Path full = fill();
        shorten(full, pages * 4096L);
        try {
          home.snapshot("web", name, "");
        } catch (IOException e) {
          done = false;
          failed++;
        }
        Files.delete(full);
        home.snapshot("web", name + "-after", "");
      }
      try (BoxHome home = open()) {
        List<String> names = home.snapshots("web").stream().map(Snapshot::name).toList();
        assertThat(names).contains(name + "-after");
        assertThat(names.contains(name)).as(name).isEqualTo(done);
        assertThat(home.check(false, new JobControl()).lines()).as(name).isEmpty();
      }
    }
    assertThat(failed).isBetween(5, 25);
  }

  private void shorten(Path file, long bytes) throws IOException {
    try (BlockFile full = volume.open(file, OpenOptions.writing())) {
      full.truncate(Math.max(0, full.size() - bytes));
    }
  }

  @Test
  void whereThereIsNoRoomAtAllThatIsWhatIsTold() throws Exception {
    Files.delete(reserve());
    Path _ = fill();
    assertThatThrownBy(() -> open().close())
        .hasMessageContaining("cannot open '" + directory.resolve("catalogue.db") + "'")
        .hasMessageContaining("No space left on device; free some space")
        .hasMessageNotContaining("SQLITE");
  }

  @Test
  void whatWasUsedUpOnceIsNotAllThatIsKept() throws Exception {
    Path _ = fill();
    try (BoxHome home = open()) {
      Path _ = fill();
      assertThat(home.list()).extracting(Box::name).containsExactly("web");
    }
    assertThat(Files.size(reserve())).isEqualTo(512 << 10);
    try (BoxHome home = open()) {
      assertThat(reserve()).doesNotExist();
      home.remove("web", true);
      assertThat(home.list()).isEmpty();
    }
    assertThat(Files.size(reserve())).isEqualTo(1 << 20);
  }

  @Test
  void aChangeThatWasCutShortIsUndoneBeforeAHomeIsRead() throws Exception {
    Files.write(directory.resolve("catalogue.db-journal"), new byte[] {1});
    place.remount(false);
    assertThatThrownBy(() -> open().close())
        .hasMessageContaining("Read-only file system; it was not closed where it could be written");
    place.remount(true);
    try (BoxHome home = open()) {
      assertThat(home.list()).extracting(Box::name).containsExactly("web");
    }
  }

  @Test
  void aHomeThatIsMountedReadOnlyIsRead() throws Exception {
    place.remount(false);
    try (BoxHome home = open()) {
      assertThat(home.list()).extracting(Box::name).containsExactly("web");
      assertThat(home.show("web").disks()).hasSize(1);
      assertThat(home.path("web", ROOT)).exists();
      assertThat(home.snapshots("web")).extracting(Snapshot::name).containsExactly("two", "one");
      assertThat(home.snapshotPath("web", "one", ROOT)).exists();
      assertThat(home.tree("web")).hasSize(1);
      assertThatThrownBy(() -> home.snapshot("web", "three", ""))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Read-only file system");
    }
    place.remount(true);
  }
}
