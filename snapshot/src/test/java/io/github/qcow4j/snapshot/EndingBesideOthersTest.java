package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Defect: a check or a collection failed when something came to its end beside it, and took away
 * what had just been listed. Here that happens before the first call about it, then before the
 * second, and so on.
 */
class EndingBesideOthersTest {

  private static final Volume VOLUME = Volumes.host();

  @TempDir private Path directory;

  private HomeOptions options;
  private Path area;

  /** What looks round in the home. */
  @FunctionalInterface
  private interface Look {
    void at(BoxHome home) throws IOException;
  }

  @BeforeEach
  void makeHome() throws Exception {
    options = HomeOptions.of(directory.resolve("home"));
    BoxHome.open(options).close();
    area = directory.resolve("home/staging/0123456789abcdef");
  }

  private void begin() throws IOException {
    Files.createDirectories(area);
    Files.write(area.resolve("disk.qcow2"), new byte[10]);
  }

  private void end() throws IOException {
    Files.deleteIfExists(area.resolve("disk.qcow2"));
    Files.deleteIfExists(area);
  }

  private void lookWhileItEnds(Look look) throws Exception {
    long ended = 0;
    boolean reached = true;
    while (reached) {
      begin();
      ended++;
      final long nth = ended;
      AtomicLong calls = new AtomicLong();
      TappedVolume tapped =
          new TappedVolume(
              VOLUME,
              call -> {
                if (call.path() != null
                    && call.path().startsWith(area)
                    && calls.incrementAndGet() == nth) {
                  end();
                }
              });
      try (BoxHome home = BoxHome.open(options, tapped.volume())) {
        look.at(home);
      }
      reached = calls.get() >= nth;
    }
    assertThat(ended).isGreaterThan(3);
  }

  private static void collect(BoxHome home, boolean dryRun) throws IOException {
    assertThat(home.collect(CollectRequest.ofGarbage(dryRun), new JobControl()))
        .noneMatch(Collected::failed)
        .allMatch(line -> line.hindrance() == null);
  }

  @Test
  void aCheckDoesNotFailWhenAnImportEndsMeanwhile() throws Exception {
    lookWhileItEnds(home -> {
      boolean told = !home.check(false, new JobControl()).lines().isEmpty();
      assertThat(told || !Files.exists(area)).isTrue();
    });
  }

  @Test
  void aCollectionDoesNotFailWhenAnImportEndsMeanwhile() throws Exception {
    lookWhileItEnds(home -> collect(home, false));
    assertThat(area).doesNotExist();
  }

  @Test
  void aDryRunDoesNotFailWhenAnImportEndsMeanwhile() throws Exception {
    lookWhileItEnds(home -> collect(home, true));
  }

  @Test
  void aFileThatIsRemovedWhileOrphansAreSoughtIsNone() throws Exception {
    Path file = directory.resolve("home/layers/gone.qcow2");
    for (boolean dryRun : new boolean[] {true, false}) {
      Files.write(file, new byte[10]);
      TappedVolume tapped =
          new TappedVolume(
              VOLUME,
              call -> {
                if (file.equals(call.path())) {
                  Files.deleteIfExists(file);
                }
              });
      try (BoxHome home = BoxHome.open(options, tapped.volume())) {
        assertThat(home.collect(CollectRequest.ofGarbage(dryRun), new JobControl())).isEmpty();
        Files.write(file, new byte[10]);
        assertThat(home.check(false, new JobControl()).lines()).isEmpty();
      }
    }
  }
}
