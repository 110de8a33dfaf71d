package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Defect: a repair under which the whole home was moved away called every disk of it missing. */
class VanishedHomeRepairTest {

  @TempDir private Path directory;

  @Test
  void aRepairPutsNoBoxUnderQuarantineBecauseTheWholeHomeIsGone() throws Exception {
    Path place = directory.resolve("home");
    Path aside = directory.resolve("aside");
    HomeOptions options = HomeOptions.of(place);
    Path disk;
    try (BoxHome home = BoxHome.open(options)) {
      home.create(
          new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, 1 << 20))),
          new JobControl());
      disk = home.path("web", BoxDisk.ROOT);
    }
    TappedVolume tapped =
        new TappedVolume(
            Volumes.host(),
            call -> {
              if (disk.equals(call.path()) && Files.exists(place)) {
                Files.move(place, aside);
              }
            });
    try (BoxHome home = BoxHome.open(options, tapped.volume())) {
      repair(home);
    }
    Files.move(aside, place);
    try (BoxHome home = BoxHome.open(options)) {
      assertThat(home.list()).extracting(Box::status).containsExactly(BoxStatus.STOPPED);
      assertThat(home.check(false, new JobControl()).lines()).isEmpty();
    }
  }

  /** What else it looks for is gone as well, which it may say by failing. */
  private static void repair(BoxHome home) throws IOException {
    try {
      assertThat(home.check(true, new JobControl()).remaining()).isNotEmpty();
    } catch (NoSuchFileException e) {
      assertThat(e).hasMessageContaining(home.directory().toString());
    }
  }
}
