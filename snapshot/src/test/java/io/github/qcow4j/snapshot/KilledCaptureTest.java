package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.ProcessStatus;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Hold;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.HomeFinding.HeldWriters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a capture held still when its process was killed goes on once the home is opened. */
class KilledCaptureTest {

  private final Processes processes = Volumes.processes(Volumes.host());
  @TempDir private Path directory;
  private BoxHome home;

  @BeforeEach
  void makeBox() throws Exception {
    open();
    DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
    home.create(new CreateRequest("web", List.of(root)), new JobControl());
  }

  @AfterEach
  void close() throws Exception {
    home.close();
  }

  private void open() throws IOException {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
  }

  private void addDeadCapture(Hold... holds) throws IOException {
    String boxId = home.internals().catalogue().read(rows -> new Boxes(rows).named("web")).id();
    Intent intent =
        new Intent(
            0,
            "snapshot",
            boxId,
            Intent.Phase.MAKING,
            new Holder(1, Instant.EPOCH, "dead"),
            List.of("layers/half.qcow2"),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(holds));
    Intent added =
        home.internals().catalogue().write(rows -> new Intents(rows).add(intent, Instant.EPOCH));
    Intent stored = home.internals().catalogue().read(rows -> new Intents(rows).bySeq(added.seq()));
    assertThat(stored).isEqualTo(added);
  }

  private Hold hook(String script) throws IOException {
    Path program = directory.resolve("hook");
    Files.writeString(program, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return new Hold(Hold.Kind.HOOK, program.toString());
  }

  private List<Intent> intents() throws IOException {
    return home.internals().catalogue().read(rows -> new Intents(rows).all());
  }

  private void awaitStopped(long pid, boolean stopped) throws IOException {
    ProcessStatus status = processes.status(pid);
    while (status != null && status.stopped() != stopped) {
      Thread.onSpinWait();
      status = processes.status(pid);
    }
  }

  @Test
  void aStoppedProcessGoesOnAndTheHookIsCalledAfterIt() throws Exception {
    Process writer = new ProcessBuilder("cat").start();
    try {
      ProcessIdentity identity = processes.status(writer.pid()).identity();
      boolean _ = processes.signal(identity, ProcessSignal.STOP);
      awaitStopped(writer.pid(), true);
      Path log = directory.resolve("log");
      String seen = "sed -n 's/^State:.//p' /proc/" + writer.pid() + "/status";
      addDeadCapture(
          hook("echo \"$1 $QCOW4J_BOX $(" + seen + ")\" >> " + log + "\n"),
          new Hold(Hold.Kind.PROCESS, writer.pid() + " " + identity.start()));
      home.close();
      open();
      awaitStopped(writer.pid(), false);
      assertThat(Files.readString(log)).startsWith("thaw web ").doesNotContain("stopped");
      assertThat(intents()).isEmpty();
    } finally {
      writer.destroyForcibly();
    }
  }

  @Test
  void aLaterProcessOfTheSameNumberIsLeftAlone() throws Exception {
    Process other = new ProcessBuilder("cat").start();
    try {
      boolean _ = processes.signal(processes.status(other.pid()).identity(), ProcessSignal.STOP);
      awaitStopped(other.pid(), true);
      addDeadCapture(new Hold(Hold.Kind.PROCESS, other.pid() + " another-boot:1"));
      home.close();
      open();
      assertThat(processes.status(other.pid()).stopped()).isTrue();
      assertThat(intents()).isEmpty();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void aWriterThatCannotBeLetGoIsTriedAgainAsLongAsTheBoxRuns() throws Exception {
    Holder holder = Holder.ofThisProcess("qemu");
    addDeadCapture(hook("exit 1\n"));
    try (var running = home.hold("web", holder)) {
      assertThat(running).isNotNull();
      addDeadCapture(hook("exit 1\n"));
      assertThat(home.check(true, new JobControl()).lines())
          .anySatisfy(line -> assertThat(line.finding()).isInstanceOf(HeldWriters.class));
      assertThat(intents()).hasSize(1);
      hook("exit 0\n");
      assertThat(home.check(true, new JobControl()).lines())
          .noneSatisfy(line -> assertThat(line.finding()).isInstanceOf(HeldWriters.class));
      assertThat(intents()).isEmpty();
    }
    addDeadCapture(hook("exit 1\n"));
    home.close();
    open();
    assertThat(intents()).isEmpty();
  }

  @Test
  void aHookThatHangsIsWaitedForOnceAndAgainForItsBoxAlone() throws Exception {
    DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
    home.create(new CreateRequest("other", List.of(root)), new JobControl());
    List<String> told = new CopyOnWriteArrayList<>();
    HomeOptions options =
        HomeOptions.of(directory.resolve("home")).withHookMillis(50).withNotices(told::add);
    try (var running = home.hold("web", Holder.ofThisProcess("qemu"))) {
      assertThat(running).isNotNull();
      addDeadCapture(hook("exec sleep 1000\n"));
      for (int time = 0; time < 2; time++) {
        try (BoxHome again = BoxHome.open(options)) {
          again.snapshot("other", "s" + time, "");
        }
        assertThat(failures(told)).hasSize(1);
      }
      assertThat(failures(told).getFirst()).contains("box 'web'", "did not come", "check");
      try (BoxHome again = BoxHome.open(options)) {
        assertThat(again.check(false, new JobControl()).lines())
            .anySatisfy(line -> assertThat(line.finding()).isInstanceOf(HeldWriters.class));
      }
      assertThat(failures(told)).hasSize(2);
      hook("exit 0\n");
      home.rename("web", "site");
      assertThat(intents()).isEmpty();
      home.rename("site", "web");
      addDeadCapture(hook("exec sleep 1000\n"));
      BoxHome.open(options).close();
      assertThat(intents()).hasSize(1);
    }
    // Nobody runs it any more.
    BoxHome.open(options).close();
    assertThat(intents()).isEmpty();
    assertThat(failures(told)).hasSize(3);
  }

  /** Defect: what a listener threw was taken for what others had done to the box. */
  @Test
  void aListenerThatFailsPutsNoBoxUnderQuarantine() throws Exception {
    HomeOptions options =
        HomeOptions.of(directory.resolve("home"))
            .withNotices(line -> {
              throw new IllegalStateException(line);
            });
    try (var running = home.hold("web", Holder.ofThisProcess("qemu"))) {
      assertThat(running).isNotNull();
      addDeadCapture(hook("exit 1\n"));
      BoxHome.open(options).close();
      BoxStatus status =
          home.internals().catalogue().read(rows -> new Boxes(rows).named("web").status());
      assertThat(status).isEqualTo(BoxStatus.RUNNING);
    }
  }

  private static List<String> failures(List<String> told) {
    return told.stream().filter(line -> line.contains("may still hold still")).toList();
  }

  @Test
  void anAgentThatIsGoneDelaysNobody() throws Exception {
    addDeadCapture(new Hold(Hold.Kind.AGENT, directory.resolve("none").toString()));
    home.close();
    open();
    assertThat(intents()).isEmpty();
    home.snapshot("web", "one", "");
  }
}
