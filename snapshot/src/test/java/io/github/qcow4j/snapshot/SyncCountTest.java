package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.CountedHome.Work;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Operations sync what their protocol cannot do without, and nothing else. */
class SyncCountTest {

  /** Of the intent, and of the result. */
  private static final long COMMITS = 2;

  private CountedHome counted;

  @BeforeEach
  void open() throws Exception {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    counted = new CountedHome(volume, Path.of("/home"), 5);
    create("one", BoxDisk.ROOT);
    create("two", BoxDisk.ROOT, "data");
  }

  @AfterEach
  void close() throws Exception {
    counted.close();
  }

  private void create(String box, String... roles) throws Exception {
    List<DiskSource> disks =
        List.of(roles).stream()
            .<DiskSource>map(role -> new DiskSource.Empty(role, 10L << 30))
            .toList();
    counted.home().create(new CreateRequest(box, disks), new JobControl());
  }

  @Test
  void aSnapshotSyncsItsNewDiskTheTwoDirectoriesAndTwoCommits() throws Exception {
    Work work = counted.count(home -> home.snapshot("one", "s", ""));
    System.out.println("snapshot: " + work);
    assertThat(work.commits()).isEqualTo(COMMITS);
    assertThat(work.syncs()).isEqualTo(3);
    // Header, refcount table and block of the new disk, a block of the file system each.
    assertThat(work.bytesWritten()).isLessThanOrEqualTo(3 * 4096);
    Work ofTwo = counted.count(home -> home.snapshot("two", "s", ""));
    assertThat(ofTwo.commits()).isEqualTo(COMMITS);
    assertThat(ofTwo.syncs()).isEqualTo(6);
  }

  @Test
  void aCloneOfASnapshotSyncsItsDiskItsDirectoryAndTwoCommits() throws Exception {
    counted.home().snapshot("one", "s", "");
    Work work =
        counted.count(home ->
            home.cloneBox(new CloneRequest("one", "s", List.of("c"), false), new JobControl()));
    assertThat(work.commits()).isEqualTo(COMMITS);
    assertThat(work.syncs()).isEqualTo(2);
  }
}
