package io.github.qcow4j.snapshot.quiesce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Whatever happens between freeze and thaw, the thaw comes. */
final class QuiesceBracketTest {

  private final List<String> events = new ArrayList<>();

  @Test
  void quiescersAreAskedInOrderAndLetGoOneByOneInReverse() throws Exception {
    Quiesced<String> result = run(OnQuiesceFailure.ABORT, agent(), pause());
    assertThat(result)
        .isEqualTo(new Quiesced<>("captured", Consistency.FILE_SYSTEM, List.of(), null));
    assertThat(events)
        .containsExactly(
            "freeze agent",
            "freeze pause",
            "capture FILE_SYSTEM",
            "verify pause",
            "thaw pause",
            "verify agent",
            "thaw agent");
  }

  @Test
  void withoutAQuiescerNothingIsPromised() throws Exception {
    assertThat(run(OnQuiesceFailure.ABORT).consistency()).isEqualTo(Consistency.NONE);
    assertThat(events).containsExactly("capture NONE");
  }

  @Test
  void aFailureAbortsWhenThatIsAskedFor() {
    assertThatThrownBy(() -> run(OnQuiesceFailure.ABORT, pause(), agent().failing("freeze")))
        .isInstanceOf(QuiesceException.class)
        .hasMessage("no freeze of agent");
    assertThat(events).containsExactly("freeze pause", "freeze agent", "thaw pause");
    events.clear();
    assertThatThrownBy(() -> run(OnQuiesceFailure.ABORT, pause(), agent().failing("verify")))
        .hasMessage("no verify of agent");
    assertThat(events).endsWith("thaw agent", "thaw pause");
  }

  @Test
  void aFailureIsToldWhereTheRestIsEnough() throws Exception {
    for (String what : List.of("freeze", "verify")) {
      Quiesced<String> result =
          run(OnQuiesceFailure.CRASH_CONSISTENT, agent().failing(what), pause());
      assertThat(result.consistency()).isEqualTo(Consistency.CRASH);
      assertThat(result.shortfalls()).containsExactly("no " + what + " of agent");
      assertThat(result.thawFailure()).isNull();
    }
  }

  @Test
  void aCaptureIsKeptWhenTheThawFailsAndThatIsTold() throws Exception {
    Quiesced<String> result =
        run(OnQuiesceFailure.ABORT, agent().failing("thaw"), pause().failing("thaw"));
    assertThat(result.value()).isEqualTo("captured");
    assertThat(result.thawFailure())
        .hasMessage("no thaw of pause")
        .hasSuppressedException(new QuiesceException("no thaw of agent"));
  }

  @Test
  void aCaptureThatFailsIsFollowedByTheThaw() {
    IOException broken = new IOException("disk full");
    assertThatThrownBy(() ->
            QuiesceBracket.run(
                new QuiescePlan(List.of(agent().failing("thaw"), pause()), OnQuiesceFailure.ABORT),
                new JobControl(),
                consistency -> {
                  throw broken;
                }))
        .isSameAs(broken)
        .hasSuppressedException(new QuiesceException("no thaw of agent"));
    assertThat(events).endsWith("thaw pause", "thaw agent");
  }

  @Test
  void aJobCancelledMeanwhileThawsAndGivesNothing() {
    JobControl control = new JobControl();
    assertThatThrownBy(() ->
            QuiesceBracket.run(
                new QuiescePlan(List.of(agent()), OnQuiesceFailure.CRASH_CONSISTENT),
                control,
                consistency -> {
                  control.cancel();
                  return "captured";
                }))
        .isInstanceOf(JobCancelledException.class);
    assertThat(events).containsExactly("freeze agent", "thaw agent");
  }

  @Test
  void aSignalThatEndsThisProgramLetsTheWritersGoOn() throws Exception {
    Processes processes = Volumes.processes(Volumes.host());
    for (ProcessSignal signal :
        List.of(ProcessSignal.TERMINATE, ProcessSignal.INTERRUPT, ProcessSignal.HANG_UP)) {
      if (isIgnored(signal)) {
        continue;
      }
      Process writer = new ProcessBuilder("cat").start();
      Process program = JavaProcess.start(Capturing.class, Long.toString(writer.pid()));
      try (BufferedReader output = program.inputReader()) {
        assertThat(output.readLine()).isEqualTo("captures");
        assertThat(processes.status(writer.pid()).stopped()).isTrue();
        boolean _ = processes.signal(processes.status(program.pid()).identity(), signal);
        assertThat(program.waitFor()).isEqualTo(128 + signal.number());
        while (processes.status(writer.pid()).stopped()) {
          Thread.onSpinWait();
        }
      } finally {
        program.destroyForcibly();
        writer.destroyForcibly().waitFor();
      }
    }
  }

  /** Under nohup(1), say, or in a shell's background: what such a program starts ignores it too. */
  private static boolean isIgnored(ProcessSignal signal) throws IOException {
    String ignored =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .findFirst()
            .orElseThrow();
    long mask = Long.parseUnsignedLong(ignored.substring("SigIgn:".length()).strip(), 16);
    return (mask >>> (signal.number() - 1) & 1) != 0;
  }

  /** Stops a process and captures forever. */
  static final class Capturing {
    public static void main(String[] arguments) throws Exception {
      Processes processes = Volumes.processes(Volumes.host());
      QuiescePlan plan =
          QuiescePlan.of(
              new QuiesceMode.Pause(),
              OnQuiesceFailure.ABORT,
              processes,
              processes.status(Long.parseLong(arguments[0])).identity(),
              "box");
      Quiesced<String> _ =
          QuiesceBracket.run(
              plan,
              new JobControl(),
              consistency -> {
                System.out.println("captures");
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  throw new IOException(e);
                }
                return "never";
              });
    }
  }

  private Quiesced<String> run(OnQuiesceFailure onFailure, Quiescer... quiescers)
      throws IOException {
    return QuiesceBracket.run(
        new QuiescePlan(List.of(quiescers), onFailure),
        new JobControl(),
        consistency -> {
          events.add("capture " + consistency);
          return "captured";
        });
  }

  private Recorded agent() {
    return new Recorded("agent", Consistency.FILE_SYSTEM, "");
  }

  private Recorded pause() {
    return new Recorded("pause", Consistency.CRASH, "");
  }

  private final class Recorded implements Quiescer, Quiescer.Hold {
    private final String name;
    private final Consistency consistency;
    private final String failing;

    Recorded(String name, Consistency consistency, String failing) {
      this.name = name;
      this.consistency = consistency;
      this.failing = failing;
    }

    Recorded failing(String what) {
      return new Recorded(name, consistency, what);
    }

    @Override
    public Consistency consistency() {
      return consistency;
    }

    @Override
    public Hold freeze(JobControl control) throws IOException {
      note("freeze");
      return this;
    }

    @Override
    public void verify() throws IOException {
      note("verify");
    }

    @Override
    public void thaw() throws IOException {
      note("thaw");
    }

    private void note(String what) throws QuiesceException {
      events.add(what + " " + name);
      if (what.equals(failing)) {
        throw new QuiesceException("no " + what + " of " + name);
      }
    }
  }
}
