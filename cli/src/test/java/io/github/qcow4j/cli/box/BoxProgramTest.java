package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.Volumes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code box run}: a program on a box, which is held meanwhile. */
final class BoxProgramTest {

  private final Processes processes = Volumes.processes(Volumes.host());

  @TempDir Path directory;
  private BoxRun box;

  @BeforeEach
  void makeBox() {
    box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");
  }

  @Test
  void theProgramGetsThePathsAndGivesItsExitCode() throws Exception {
    Process run =
        run("sh", "-c", "echo \"$1 {nobody} $#\"; exit 42", "sh", "disk={root},x", "--json");
    try (BufferedReader output = run.inputReader()) {
      String path = box.ok("path", "web").strip();
      assertThat(output.readLine()).isEqualTo("disk=" + path + ",x {nobody} 2");
    }
    assertThat(run.waitFor()).isEqualTo(42);
    assertThat(box.ok("show", "web")).contains("status: stopped\n");
  }

  @Test
  void aRunningBoxIsHeldAndItsHolderNamed() throws Exception {
    Process run = run("cat");
    try (BufferedReader output = run.inputReader()) {
      run.outputWriter().append("begun\n").flush();
      assertThat(output.readLine()).isEqualTo("begun");
      long writer = run.children().findFirst().orElseThrow().pid();
      awaitHolder(writer);
      assertThat(box.ok("show", "web")).contains("status: running\n", "process " + writer);
      assertThat(box.fails(5, "run", "web", "--", "true")).contains("'web'", "process " + writer);
      assertThat(box.fails(5, "restore", "--undo", "web")).contains("'web'");
      assertThat(box.fails(5, "rm", "web")).contains("'web'");
    }
    run.outputWriter().close();
    assertThat(run.waitFor()).isZero();
    box.ok("rm", "web");
  }

  @Test
  void aProgramThatIsNotThereLeavesTheBoxStopped() throws Exception {
    assertThat(box.fails(1, "run", "web", "--", "/nonexistent/program")).contains("program");
    assertThat(box.fails(2, "run", "web")).contains("COMMAND");
    assertThat(box.fails(3, "run", "none", "--", "true")).contains("'none'");
    assertThat(box.ok("show", "web")).contains("status: stopped\n");
  }

  @Test
  void signalsReachTheProgramAndItsEndIsWaitedFor() throws Exception {
    for (ProcessSignal signal : List.of(ProcessSignal.TERMINATE, ProcessSignal.HANG_UP)) {
      Process run =
          run(
              "sh",
              "-c",
              "trap 'echo got "
                  + signal.signalName()
                  + "; exit 7' "
                  + signal.signalName()
                  + "; echo begun; while :; do read -r line || sleep 1; done");
      try (BufferedReader output = run.inputReader()) {
        assertThat(output.readLine()).isEqualTo("begun");
        boolean _ = processes.signal(processes.status(run.pid()).identity(), signal);
        assertThat(output.readLine()).isEqualTo("got " + signal.signalName());
      }
      assertThat(run.waitFor()).isEqualTo(7);
      assertThat(box.ok("show", "web")).contains("status: stopped\n");
    }
  }

  @Test
  void aRunningBoxIsCapturedWhileItsWriterIsStopped() throws Exception {
    Process run = run("cat");
    try (BufferedReader output = run.inputReader()) {
      run.outputWriter().append("begun\n").flush();
      assertThat(output.readLine()).isEqualTo("begun");
      long writer = run.children().findFirst().orElseThrow().pid();
      awaitHolder(writer);
      String captured = box.ok("snapshot", "create", "web", "live", "--json");
      assertThat(captured)
          .containsPattern("\"method\": \"(reflink|kernel_copy|user_copy)\"")
          .contains("\"consistency\": \"crash\"");
      assertThat(box.ok("snapshot", "tree", "web")).contains("live (snapshot)", "web (box)");
      assertThat(
              box.fails(
                  1, "snapshot", "create", "web", "no", "--quiesce", "agent=" + directory + "/x"))
          .contains("cannot be reached");
      assertThat(
              box.ok(
                  "snapshot",
                  "create",
                  "web",
                  "less",
                  "--quiesce",
                  "agent=" + directory + "/x",
                  "--on-quiesce-failure",
                  "crash-consistent"))
          .contains("consistency: crash", "not better because");
      assertThat(processes.status(writer).stopped()).isFalse();
      assertThat(box.ok("snapshot", "list", "web")).contains("live", "less").doesNotContain("no ");
    }
    run.outputWriter().close();
    assertThat(run.waitFor()).isZero();
    box.ok("restore", "web", "live");
    box.ok("snapshot", "rm", "web", "less");
  }

  /** Nobody is told of a SIGKILL: whoever comes next lets the writer go, and calls the hook. */
  @Test
  void aCaptureThatIsKilledLeavesNobodyStoppedOnceTheHomeIsOpened() throws Exception {
    Process run = run("cat");
    try (BufferedReader output = run.inputReader()) {
      run.outputWriter().append("begun\n").flush();
      assertThat(output.readLine()).isEqualTo("begun");
      long writer = run.children().findFirst().orElseThrow().pid();
      awaitHolder(writer);
      Path log = directory.resolve("log");
      Path hook = killingHook(writer, log);
      Process capture =
          java("box", "snapshot", "create", "web", "live", "--quiesce", "hook=" + hook);
      capture.getErrorStream().transferTo(OutputStream.nullOutputStream());
      assertThat(capture.waitFor()).isEqualTo(128 + 9);
      assertThat(processes.status(writer).stopped()).isTrue();
      assertThat(box.ok("show", "web")).contains("status: running");
      while (processes.status(writer).stopped()) {
        Thread.onSpinWait();
      }
      assertThat(Files.readAllLines(log)).containsExactly("freeze", "thaw");
      assertThat(box.ok("snapshot", "list", "web", "--json")).doesNotContain("live");
    }
    run.outputWriter().close();
    assertThat(run.waitFor()).isZero();
    assertThat(box.ok("check")).contains("all is well");
  }

  @Test
  void whoeverIsRefusedReadsWhichCommandStandsInTheWay() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Path hook = directory.resolve("waiting");
    Files.writeString(hook, "#!/bin/sh\n[ \"$1\" != freeze ] || cat '" + pipe + "'\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwx------"));
    Process run = run("cat");
    try (BufferedReader output = run.inputReader()) {
      run.outputWriter().append("begun\n").flush();
      assertThat(output.readLine()).isEqualTo("begun");
      awaitHolder(run.children().findFirst().orElseThrow().pid());
      Process capture =
          java("box", "snapshot", "create", "web", "live", "--quiesce", "hook=" + hook);
      // Opened once the hook has it open too.
      try (OutputStream held = Files.newOutputStream(pipe)) {
        assertThat(box.fails(5, "rename", "web", "other"))
            .contains("process " + capture.pid(), "qcow4j box snapshot create");
        held.flush();
      }
      assertThat(capture.waitFor()).isZero();
    }
    run.outputWriter().close();
    assertThat(run.waitFor()).isZero();
  }

  /** The program goes on when the one that had started it is killed, and so does its box. */
  @Test
  void aBoxRunsAsLongAsItsProgramLivesWhoeverHasStartedIt() throws Exception {
    box.ok("snapshot", "create", "web", "before");
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Process run = run("cat", pipe.toString());
    ProcessHandle writer;
    // Opened once the program has it open too.
    try (OutputStream held = Files.newOutputStream(pipe)) {
      writer = run.children().findFirst().orElseThrow();
      awaitHolder(writer.pid());
      run.destroyForcibly().waitFor();
      held.flush();
      requireRunning("process " + writer.pid());
    }
    writer.onExit().join();
    assertThat(box.ok("show", "web")).contains("status: stopped\n");
    assertThat(box.ok("check", "--repair")).contains("noted as stopped");
    box.ok("restore", "web", "live");
    box.ok("rm", "web");
  }

  private void requireRunning(String holder) {
    assertThat(box.ok("show", "web")).contains("status: running\n", holder);
    assertThat(box.ok("list")).contains("running");
    OurRun check = box.call("check", "--repair");
    assertThat(check.exitCode()).as(check.toString()).isEqualTo(1);
    assertThat(check.stdout())
        .contains("unchecked: box 'web'", "in use by " + holder, "1 unchecked");
    assertThat(box.ok("snapshot", "create", "web", "live")).contains("consistency: crash");
    for (List<String> words :
        List.of(
            List.of("rm", "web"),
            List.of("restore", "web", "before"),
            List.of("restore", "--undo", "web"),
            List.of("clone", "web", "other"),
            List.of("export", "web", "-o", directory.resolve("web.boxlite").toString()),
            List.of("snapshot", "diff", "web", "before"),
            List.of("snapshot", "rm", "web", "before", "--merge"),
            List.of("run", "web", "--", "true"))) {
      assertThat(box.fails(5, words.toArray(String[]::new))).contains("'web' is running", holder);
    }
  }

  /** At freeze it stops the writer itself, and kills whoever called it. */
  private Path killingHook(long writer, Path log) throws IOException {
    Path hook = directory.resolve("hook");
    Files.writeString(
        hook,
        """
        #!/bin/sh
        echo "$1" >> %s
        if [ "$1" = freeze ]; then
          kill -STOP %d
          while ! grep -q '^State:.T' /proc/%d/status; do :; done
          kill -KILL $PPID
        fi
        """
            .formatted(log, writer, writer));
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwx------"));
    return hook;
  }

  /** The program's number is noted just after its start. */
  private void awaitHolder(long pid) {
    while (!box.ok("show", "web").contains("process " + pid)) {
      Thread.onSpinWait();
    }
  }

  private Process run(String... command) throws IOException {
    List<String> words = new ArrayList<>(List.of("box", "run", "web", "--"));
    words.addAll(List.of(command));
    return java(words.toArray(String[]::new));
  }

  private Process java(String... words) throws IOException {
    ProcessBuilder builder =
        JavaProcess.builder(List.of("--enable-native-access=ALL-UNNAMED"), Main.class, words);
    builder.environment().putAll(Map.of("QCOW4J_HOME", box.home().toString()));
    return builder.start();
  }
}
