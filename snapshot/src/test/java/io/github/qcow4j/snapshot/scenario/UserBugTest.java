package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.error.RefusedException;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users of such programs have run into. */
class UserBugTest extends ScenarioHome {

  /** Renaming between two file systems fails, in the middle of the first snapshot. */
  @Test
  void aHomeWhoseLayersAreElsewhereIsRefusedBeforeAnythingIsMade(@TempDir Path other)
      throws Exception {
    for (String each : new String[] {"layers", "disks", "staging"}) {
      Path homeDirectory = Files.createDirectories(directory.resolve("home-" + each));
      Files.createSymbolicLink(homeDirectory.resolve(each), other);
      assertThatThrownBy(() -> BoxHome.open(HomeOptions.of(homeDirectory)))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining(homeDirectory.resolve(each).toString());
      assertThat(homeDirectory.resolve("catalogue.db")).doesNotExist();
    }
  }

  /** The home itself may be a link to where there is room. */
  @Test
  void aHomeThatIsALinkIsWhereItLeads(@TempDir Path other) throws Exception {
    home.close();
    Path link = Files.createSymbolicLink(directory.resolve("link"), other);
    home = BoxHome.open(HomeOptions.of(link));
    BoxUnderTest box = create("web").write(1);
    box.snapshot("one");
    box.write(2);
    assertThat(box.disk()).startsWith(other.toRealPath());
    box.reads(2).readsIn("one", at(0, 1));
  }

  /** Images, archives and homes on different file systems are copied between, and work alike. */
  @Test
  void imagesAndArchivesOfAnotherFileSystemServeAsWell() throws Exception {
    Path memory = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(memory)
            && !Files.getFileStore(memory).equals(Files.getFileStore(directory)),
        "no second file system at /dev/shm");
    Path elsewhere = Files.createTempDirectory(memory, "qcow4j");
    try {
      Path image = elsewhere.resolve("image.qcow2");
      qemu.create(image, "", DISK_BYTES);
      qemu.io(image, at(0, 1).writing());
      BoxUnderTest box = createOver("web", image).write(at(1, 2));
      box.snapshot("one");
      Path archive = box.export();
      Path moved = Files.move(archive, elsewhere.resolve("web.boxlite"));
      importArchive(moved, "back").reads(at(0, 1), at(1, 2));
      box.reads(at(0, 1), at(1, 2));
    } finally {
      home.remove("web", true);
      try (var files = Files.list(elsewhere)) {
        for (Path each : files.toList()) {
          Files.delete(each);
        }
      }
      Files.delete(elsewhere);
    }
  }

  /** A copy that fills holes makes a small image as large as its disk. */
  @Test
  void holesStayHolesInWhatABoxCopies() throws Exception {
    Path image = directory.resolve("holes.raw");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1L << 30);
    }
    qemu.ioFormat("raw", image, at(1, 3).writing());
    home.create(
        new CreateRequest("copied", List.of(new DiskSource.Copied(ROOT, image, null))),
        new JobControl());
    Path layer = list("layers").getFirst();
    assertThat(Files.size(layer)).isEqualTo(1L << 30);
    assertThat(volume.status(layer).allocatedBytes()).isLessThan(1 << 20);
    box("copied").reads(at(0, 0), at(1, 3));
  }

  /** A file for each lease that was ever taken is never cleaned up: removing it splits the lock. */
  @Test
  void leasesLeaveNoFilesBehind() throws Exception {
    BoxUnderTest box = create("web");
    for (int round = 0; round < 3; round++) {
      box.snapshot("s" + round);
      cloneLive("web", "c" + round);
      home.remove("c" + round, true);
    }
    assertThat(list("locks")).hasSize(1);
    assertThat(list("locks").getFirst()).isEmptyFile();
  }
}
