package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.CountedHome.Figure;
import io.github.qcow4j.snapshot.CountedHome.Work;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Thousands of snapshots and clones of one box: the last does as much as the tenth, counted in
 * calls, bytes and steps of SQLite; what the ones that shorten the chain do besides stays small.
 *
 * <p>{@code -Dqcow4j.thousands} sets how many.
 */
class ThousandsTest {

  private static final int COUNT = Integer.getInteger("qcow4j.thousands", 2000);
  private static final long SEED = Long.getLong("qcow4j.seed", 77L);
  private static final Path DIRECTORY = Path.of("/home");
  private static final int DISK_BYTES = 32 << 20;
  private static final int CLUSTER_BYTES = 64 << 10;

  /** Around the tenth, and as many at the end. */
  private static final int NEIGHBOURS = 9;

  /** Of so many snapshots, one holds anything. */
  private static final int WRITE_EVERY = 4;

  private final Random random = new Random(SEED);
  private final SimulatedVolume volume =
      SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));

  private static void create(BoxHome home) throws Exception {
    home.create(
        new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, DISK_BYTES))),
        new JobControl());
  }

  private void write(BoxHome home, byte[] model) throws Exception {
    byte[] bytes = new byte[4096];
    random.nextBytes(bytes);
    int offset = random.nextInt(DISK_BYTES / CLUSTER_BYTES) * CLUSTER_BYTES;
    DiskBytes.write(volume, home.path("web", BoxDisk.ROOT), offset, bytes);
    System.arraycopy(bytes, 0, model, offset, bytes.length);
  }

  @Test
  void theLastOfTwoThousandSnapshotsDoesNoMoreThanTwiceWhatTheTenthDoes() throws Exception {
    byte[] model = new byte[DISK_BYTES];
    Map<String, String> digests = new HashMap<>();
    List<Work> works = new ArrayList<>();
    try (CountedHome counted = new CountedHome(volume, DIRECTORY, SEED)) {
      BoxHome home = counted.home();
      create(home);
      for (int number = 1; number <= COUNT; number++) {
        if (number % WRITE_EVERY == 0) {
          write(home, model);
        }
        String name = "s" + number;
        works.add(counted.count(each -> each.snapshot("web", name, "")));
        if (number % 200 == 1) {
          digests.put(name, DiskBytes.digest(model));
        }
      }
      assertAlike("snapshot", works);

      String middle = "s" + COUNT / 2;
      home.mergeSnapshot("web", middle, new JobControl());
      assertThat(home.snapshots("web")).hasSize(COUNT - 1);
      digests.remove(middle);
      for (Map.Entry<String, String> each : digests.entrySet()) {
        Path path = home.snapshotPath("web", each.getKey(), BoxDisk.ROOT);
        assertThat(DiskBytes.digest(DiskBytes.read(volume, path)))
            .as("snapshot %s, seed %d", each.getKey(), SEED)
            .isEqualTo(each.getValue());
      }
      Path live = home.path("web", BoxDisk.ROOT);
      assertThat(DiskBytes.digest(DiskBytes.read(volume, live))).isEqualTo(DiskBytes.digest(model));
      assertThat(home.show("web").disks().getFirst().chainDepth())
          .isLessThanOrEqualTo(HomeOptions.DEFAULT_MAX_CHAIN_LAYERS);
    }
  }

  @Test
  void theLastOfTwoThousandClonesDoesNoMoreThanTwiceWhatTheTenthDoes() throws Exception {
    try (CountedHome counted = new CountedHome(volume, DIRECTORY, SEED)) {
      BoxHome home = counted.home();
      create(home);
      byte[] model = new byte[DISK_BYTES];
      write(home, model);
      home.snapshot("web", "s", "");
      write(home, model);
      assertAlike("clone of a live disk", clones(counted, "c", null, COUNT));
      assertAlike("clone of a snapshot", clones(counted, "d", "s", COUNT / 4));
      Path last = home.path("c" + COUNT, BoxDisk.ROOT);
      assertThat(DiskBytes.digest(DiskBytes.read(volume, last))).isEqualTo(DiskBytes.digest(model));
      assertThat(home.list()).hasSize(COUNT + COUNT / 4 + 1);
    }
  }

  private static List<Work> clones(CountedHome counted, String prefix, String snapshot, int count)
      throws Exception {
    List<Work> works = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      CloneRequest request = new CloneRequest("web", snapshot, List.of(prefix + number), false);
      works.add(counted.count(each -> each.cloneBox(request, new JobControl())));
    }
    return works;
  }

  private static void assertAlike(String what, List<Work> works) {
    List<Work> early = works.subList(9 - NEIGHBOURS / 2, 10 + NEIGHBOURS / 2);
    List<Work> late = works.subList(works.size() - NEIGHBOURS, works.size());
    int window = works.size() / 10;
    List<Work> first = works.subList(0, window);
    List<Work> last = works.subList(works.size() - window, works.size());
    for (Figure figure : Work.FIGURES) {
      long tenth = figure.median(early);
      long latest = figure.median(late);
      System.out.printf(
          "%s, %s: tenth %d, number %d %d; mean of the first %d %.1f, of the last %d %.1f%n",
          what,
          figure.name(),
          tenth,
          works.size(),
          latest,
          window,
          (double) figure.sum(first) / window,
          window,
          (double) figure.sum(last) / window);
      assertThat(latest).as(figure.name()).isLessThanOrEqualTo(2 * tenth);
    }
  }
}
