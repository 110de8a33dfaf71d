package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A file system that fills while a home is open, which has kept room for its catalogue. */
final class CatalogueOnFullDiskTest {

  private static final int MOST_PAGES = 24;
  private static final long PAGE_BYTES = 4096;

  /** SQLite maps its index into memory, where a store that finds no room is a SIGBUS. */
  @ParameterizedTest
  @EnumSource(names = {"EXT4", "BTRFS"})
  void aFullDiskEndsNoProcessByASignal(Kind kind) throws IOException {
    try (SmallFileSystem place = SmallFileSystem.mount(kind)) {
      Path directory = place.newDirectory().resolve("home");
      try (BoxHome home = BoxHome.open(HomeOptions.of(directory))) {
        DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
        home.create(new CreateRequest("box0", List.of(root)), new JobControl());
      }
      for (int pages = 0; pages < MOST_PAGES; pages++) {
        try (BoxHome home = BoxHome.open(HomeOptions.of(directory))) {
          assertThat(directory.resolve("catalogue.reserve")).exists();
          place.leave(pages * PAGE_BYTES);
          Box renamed = home.rename("box" + pages, "box" + (pages + 1));
          assertThat(home.list()).containsExactly(renamed);
        }
        place.free();
        // What is closed comes into the catalogue's file, of which the index has a note.
        try (BoxHome home = BoxHome.open(HomeOptions.of(directory))) {
          assertThat(home.list()).hasSize(1);
          Box _ = home.rename("box" + (pages + 1), "other");
          Box _ = home.rename("other", "box" + (pages + 1));
          place.leave(pages * PAGE_BYTES);
        }
        place.free();
      }
    }
  }
}
