package io.github.qcow4j.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sixteen processes of two threads each do random things to a few boxes of one home, one of them
 * until it is killed in the middle. Whoever is in the way is told so; what was made stays what it
 * was.
 *
 * <p>{@code -Dqcow4j.seed} sets the first process's seed, {@code -Dqcow4j.busy.moves} how much each
 * thread does.
 */
class ManyAtOnceTest {

  private static final Volume VOLUME = Volumes.host();
  private static final int PROCESSES = 16;
  private static final int THREADS = 2;
  private static final int MOVES = Integer.getInteger("qcow4j.busy.moves", 16);
  private static final long SEED = Long.getLong("qcow4j.seed", 31L);
  private static final int BOXES = 4;

  @TempDir Path root;

  private final Map<String, String> digests = new HashMap<>();
  private final Set<Long> named = new HashSet<>();
  private final Map<String, Integer> counts = new TreeMap<>();

  private Process start(long seed, int moves) throws Exception {
    return JavaProcess.builder(
            List.of(
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m"),
            BusyProcess.class,
            root.resolve("home").toString(),
            String.valueOf(seed),
            String.valueOf(THREADS),
            String.valueOf(moves))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private void take(String line) {
    String[] words = line.split(" ", -1);
    switch (words[0]) {
      case "snapshot" -> digests.put(words[1], words[2]);
      case "holder" -> named.add(Long.parseLong(words[1]));
      default -> counts.merge(words[1], Integer.parseInt(words[2]), Integer::sum);
    }
  }

  @Test
  void whateverManyProcessesDoAtOnceNothingIsLost() throws Exception {
    HomeOptions options = HomeOptions.of(root.resolve("home"));
    try (BoxHome home = BoxHome.open(options)) {
      for (int box = 0; box < BOXES; box++) {
        home.create(
            new CreateRequest(
                "b" + box, List.of(new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES))),
            new JobControl());
      }
    }
    Process killed = start(SEED, Integer.MAX_VALUE);
    Set<Long> pids = new HashSet<>(Set.of(killed.pid()));
    List<Process> processes = new ArrayList<>();
    for (int each = 1; each < PROCESSES; each++) {
      Process process = start(SEED + each, MOVES);
      pids.add(process.pid());
      processes.add(process);
    }
    // In the midst of its work, once it has made something.
    take(killed.inputReader(UTF_8).readLine());
    killed.destroyForcibly().waitFor();
    for (Process process : processes) {
      process.inputReader(UTF_8).lines().forEach(this::take);
      assertThat(process.waitFor()).as("seed " + SEED).isZero();
    }
    System.out.println("seed " + SEED + ": " + counts + ", snapshots told: " + digests.size());
    assertThat(pids).hasSize(PROCESSES);
    assertThat(counts.get("done")).isGreaterThan(processes.size() * THREADS * MOVES / 10);
    assertThat(counts.get("refused")).isPositive();
    assertThat(pids).containsAll(named);
    assertThat(named).isNotEmpty();
    requireNothingLost(options);
  }

  private void requireNothingLost(HomeOptions options) throws Exception {
    try (BoxHome home = BoxHome.open(options)) {
      home.collect(CollectRequest.ofGarbage(false), new JobControl());
      Observation.requireAgreement(home, VOLUME);
      int compared = 0;
      for (Box box : home.list()) {
        assertThat(DiskBytes.read(VOLUME, home.path(box.name(), BoxDisk.ROOT)))
            .hasSize(BoxWork.DISK_BYTES);
        for (Snapshot snapshot : home.snapshots(box.name())) {
          Path path = home.snapshotPath(box.name(), snapshot.name(), BoxDisk.ROOT);
          String digest = DiskBytes.digest(DiskBytes.read(VOLUME, path));
          if (digests.containsKey(snapshot.id())) {
            assertThat(digest).as(snapshot.name()).isEqualTo(digests.get(snapshot.id()));
            compared++;
          }
        }
      }
      assertThat(compared).as("snapshots compared, seed " + SEED).isPositive();
      if (QemuTools.present()) {
        QemuTools qemu = QemuTools.require();
        for (ImageRow image : home.internals().catalogue().read(rows -> new Images(rows).all())) {
          // Who was killed may have left clusters that nobody refers to.
          qemu.img("check", "-f", "qcow2", home.directory().resolve(image.file()).toString())
              .expectExit(0, 3);
        }
      }
    }
  }
}
