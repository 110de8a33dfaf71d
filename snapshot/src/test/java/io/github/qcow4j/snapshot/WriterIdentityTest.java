package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A writer that lives on without the program that held its box, under a clock that was set. */
class WriterIdentityTest {

  @TempDir Path directory;
  private BoxHome home;
  private Process writer;
  private Holder noted;

  @BeforeEach
  void start() throws Exception {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
    DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
    home.create(new CreateRequest("web", List.of(root)), new JobControl());
    writer = new ProcessBuilder("cat").start();
    noted = Holder.of(writer.toHandle(), "cat");
    assertThat(noted.start()).isNotNull();
  }

  @AfterEach
  void stop() throws Exception {
    home.close();
    writer.destroyForcibly().waitFor();
  }

  /** As the catalogue has it when the one who held the lease was killed. */
  private void note(Duration clockWasSetBy, @Nullable String start) throws IOException {
    Holder holder =
        new Holder(noted.pid(), noted.startedAt().minus(clockWasSetBy), start, noted.command());
    String id = home.show("web").id();
    home.internals()
        .catalogue()
        .write(rows -> {
          new Boxes(rows).setHolder(id, holder);
          return holder;
        });
  }

  private void requireRunning() throws IOException {
    assertThat(home.show("web").status()).isEqualTo(BoxStatus.RUNNING);
    assertThatThrownBy(() -> home.snapshot("web", "one", "")).isInstanceOf(InUseException.class);
  }

  private void requireStopped() throws IOException {
    assertThat(home.show("web").status()).isEqualTo(BoxStatus.STOPPED);
    home.snapshot("web", "one", "");
  }

  @Test
  void aClockThatWasSetDoesNotMakeALivingWriterADeadOne() throws Exception {
    note(Duration.ofHours(1), noted.start());
    requireRunning();
    writer.destroyForcibly().waitFor();
    requireStopped();
  }

  @Test
  void aProcessThatGotTheNumberOfADeadWriterIsNotThatOne() throws Exception {
    note(Duration.ZERO, "another boot:1");
    requireStopped();
  }

  @Test
  void aWriterThatAFormerProgramNotedIsKnownByItsTime() throws Exception {
    note(Duration.ZERO, null);
    requireRunning();
    note(Duration.ofHours(1), null);
    requireStopped();
  }
}
