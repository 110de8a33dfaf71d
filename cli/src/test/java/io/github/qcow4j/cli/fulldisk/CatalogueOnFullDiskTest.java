package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.error.DoneUnseenException;
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
      String name = "box0";
      for (int pages = 1; pages < MOST_PAGES; pages++) {
        try (BoxHome home = BoxHome.open(HomeOptions.of(directory))) {
          assertThat(directory.resolve("catalogue.reserve")).exists();
          place.leave(pages * PAGE_BYTES);
          name = renamed(home, name, "box" + pages);
        }
        place.free();
        // What is closed may come into the catalogue's file only then.
        try (BoxHome home = BoxHome.open(HomeOptions.of(directory))) {
          assertThat(home.list()).extracting(Box::name).containsExactly(name);
          Box _ = home.rename(name, "other");
          Box _ = home.rename("other", name);
          place.leave(pages * PAGE_BYTES);
        }
        place.free();
      }
    }
  }

  /** What it is called then: what finds no room says so, and leaves it as it was. */
  private static String renamed(BoxHome home, String from, String to) throws IOException {
    try {
      return home.rename(from, to).name();
    } catch (DoneUnseenException e) {
      return to;
    } catch (IOException e) {
      assertThat(e)
          .hasMessageMatching("[^\\n]*[Nn]o space left on (device|its file system)[^\\n]*");
      return from;
    }
  }
}
