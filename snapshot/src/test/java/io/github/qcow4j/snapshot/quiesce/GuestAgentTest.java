package io.github.qcow4j.snapshot.quiesce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** File systems are frozen through an agent that may do anything, and never left so. */
final class GuestAgentTest {

  private static final GuestAgent.Timeouts LONG = new GuestAgent.Timeouts(60_000, 60_000, 60_000);
  private static final GuestAgent.Timeouts SHORT = new GuestAgent.Timeouts(60_000, 100, 60_000);
  private static final GuestAgent.Timeouts HASTY = new GuestAgent.Timeouts(100, 100, 100);

  @TempDir Path directory;

  @Test
  void whatADeadProcessHasFrozenIsThawedByAnother() throws Exception {
    try (FakeAgent agent = FakeAgent.polite(directory)) {
      agent.frozen = true;
      GuestAgent another = new GuestAgent(agent.socket);
      assertThat(another.isListening()).isTrue();
      another.thaw();
      assertThat(agent.frozen).isFalse();
      another.thaw();
      assertThat(agent.frozen).isFalse();
    }
    assertThat(new GuestAgent(directory.resolve("none")).isListening()).isFalse();
  }

  @Test
  void anAgentFreezesAndThaws() throws Exception {
    try (FakeAgent agent = FakeAgent.polite(directory)) {
      Quiescer.Hold hold = freeze(agent, LONG);
      assertThat(agent.frozen).isTrue();
      hold.verify();
      hold.thaw();
      assertThat(agent.frozen).isFalse();
      assertThat(agent.commands)
          .containsExactly(
              "guest-sync-delimited",
              "guest-fsfreeze-status",
              "guest-fsfreeze-freeze",
              "guest-fsfreeze-status",
              "guest-sync-delimited",
              "guest-fsfreeze-thaw");
    }
  }

  @Test
  void whatAnEarlierConversationLeftIsPassedOver() throws Exception {
    List<String> leftovers =
        List.of(
            "{\"return\": 1}\n",
            "{\"return\"",
            "\u00ff{\"return\": 0}\n",
            "\u00ff{\"ret\u00ff{\"return\": 7}\n",
            "\u0000\u0001\n\n",
            "x".repeat(100_000));
    for (String leftover : leftovers) {
      try (FakeAgent agent = talkativeBeforeSync(leftover)) {
        Quiescer.Hold hold = freeze(agent, LONG);
        hold.verify();
        hold.thaw();
        assertThat(agent.frozen).isFalse();
      }
      Files.delete(directory.resolve("agent.sock"));
    }
  }

  @Test
  void anAgentThatRefusesIsThawedAllTheSame() throws Exception {
    try (FakeAgent agent =
        answering(
            "guest-fsfreeze-freeze",
            "{\"error\": {\"desc\": \"no\\u001b\\n\\u202eway\", \"x\": [{}]}}\n")) {
      assertThatThrownBy(() -> freeze(agent, LONG))
          .isInstanceOf(QuiesceException.class)
          .hasMessage("the guest's agent refuses guest-fsfreeze-freeze: no   way");
      assertThat(agent.commands).last().isEqualTo("guest-fsfreeze-thaw");
    }
  }

  @Test
  void anAnswerThatIsNoneIsAFailureAndThawed() throws Exception {
    List<String> answers =
        List.of(
            "{\"return\": 0}\n",
            "{\"return\": \"many\"}\n",
            "{\"return\": -1}\n",
            "{\"return\": [1]}\n",
            "{}\n",
            "[]\n",
            "{\"return\": 1} {\"return\": 1}\n",
            "{\"return\": 1\n",
            "{\"error\": 1}\n",
            "null\n",
            "\u0001\n",
            "[".repeat(60_000) + "\n",
            "{\"return\": \"" + "x".repeat(100_000) + "\"}\n");
    for (String answer : answers) {
      try (FakeAgent agent = answering("guest-fsfreeze-freeze", answer)) {
        assertThatThrownBy(() -> freeze(agent, LONG))
            .as(answer.substring(0, Math.min(40, answer.length())))
            .isInstanceOf(QuiesceException.class)
            .hasMessageContaining("the guest's agent");
        assertThat(agent.frozen).isFalse();
        assertThat(agent.commands).last().isEqualTo("guest-fsfreeze-thaw");
      }
      Files.delete(directory.resolve("agent.sock"));
    }
  }

  @Test
  void halfAnAnswerIsWaitedForNoLongerThanAllowedThenThawed() throws Exception {
    try (FakeAgent agent = answering("guest-fsfreeze-freeze", "{\"return\": ")) {
      assertThatThrownBy(() -> freeze(agent, SHORT))
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("within 100 ms");
      assertThat(agent.frozen).isFalse();
      assertThat(agent.commands).last().isEqualTo("guest-fsfreeze-thaw");
    }
  }

  @Test
  void anAgentThatFreezesTooLateIsThawed() throws Exception {
    AtomicInteger freezes = new AtomicInteger();
    try (FakeAgent agent =
        new FakeAgent(
            directory,
            (command, self) -> {
              if (command.equals("guest-fsfreeze-freeze")) {
                freezes.incrementAndGet();
                return "";
              }
              if (command.equals("guest-sync-delimited") && freezes.getAndSet(0) > 0) {
                // Only now does it get round to it.
                self.frozen = true;
                return null;
              }
              return self.politely(command);
            })) {
      assertThatThrownBy(() -> freeze(agent, SHORT))
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("within 100 ms");
      assertThat(agent.frozen).isFalse();
    }
  }

  @Test
  void anAgentThatHangsUpIsAskedAgainToThaw() throws Exception {
    for (String command : List.of("guest-fsfreeze-freeze", "guest-fsfreeze-thaw")) {
      AtomicInteger calls = new AtomicInteger();
      try (FakeAgent agent =
          new FakeAgent(
              directory,
              (called, self) -> {
                if (called.equals(command) && calls.getAndIncrement() == 0) {
                  self.frozen = true;
                  return null;
                }
                return self.politely(called);
              })) {
        if (command.equals("guest-fsfreeze-freeze")) {
          assertThatThrownBy(() -> freeze(agent, LONG))
              .isInstanceOf(QuiesceException.class)
              .hasMessageContaining("closed from the other side");
        } else {
          freeze(agent, LONG).thaw();
        }
        assertThat(agent.frozen).isFalse();
      }
      Files.delete(directory.resolve("agent.sock"));
    }
  }

  @Test
  void aGuestThatMayStillBeFrozenIsTold() throws Exception {
    try (FakeAgent agent = answering("guest-fsfreeze-thaw", "")) {
      Quiescer.Hold hold = freeze(agent, new GuestAgent.Timeouts(60_000, 60_000, 100));
      assertThatThrownBy(hold::thaw)
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("may still be frozen");
    }
  }

  @Test
  void anAgentThatRefusesToThawIsAskedNowAndThenAndQuoted() throws Exception {
    try (FakeAgent agent =
        answering("guest-fsfreeze-thaw", "{\"error\": {\"desc\": \"not now\"}}\n")) {
      Quiescer.Hold hold = freeze(agent, new GuestAgent.Timeouts(60_000, 60_000, 1_000));
      assertThatThrownBy(hold::thaw)
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("may still be frozen")
          .hasMessageEndingWith("the guest's agent refuses guest-fsfreeze-thaw: not now");
      // 1, 2, 4 and so on to 250 ms: eleven fill a second.
      assertThat(agent.commands.stream().filter("guest-fsfreeze-thaw"::equals)).hasSizeLessThan(13);
    }
  }

  @Test
  void anAgentThatIsGoneAfterTheFreezeLeavesAGuestThatMayBeFrozen() throws Exception {
    try (FakeAgent agent =
        new FakeAgent(
            directory,
            (command, self) -> {
              if (!command.equals("guest-fsfreeze-freeze")) {
                return self.politely(command);
              }
              Files.delete(self.socket);
              return null;
            })) {
      assertThatThrownBy(() -> freeze(agent, new GuestAgent.Timeouts(60_000, 60_000, 100)))
          .isInstanceOf(QuiesceException.class)
          .satisfies(failure ->
              assertThat(failure.getSuppressed())
                  .singleElement()
                  .asInstanceOf(InstanceOfAssertFactories.THROWABLE)
                  .hasMessageContaining("may still be frozen"));
    }
  }

  @Test
  void whatSomebodyElseFrozeStaysFrozen() throws Exception {
    try (FakeAgent agent = FakeAgent.polite(directory)) {
      agent.frozen = true;
      assertThatThrownBy(() -> freeze(agent, LONG))
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("by somebody else");
      assertThat(agent.frozen).isTrue();
      assertThat(agent.commands).doesNotContain("guest-fsfreeze-thaw");
    }
  }

  @Test
  void whatSomebodyElseThawedIsNoticed() throws Exception {
    try (FakeAgent agent = FakeAgent.polite(directory)) {
      Quiescer.Hold hold = freeze(agent, LONG);
      agent.frozen = false;
      assertThatThrownBy(hold::verify)
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("thawed by somebody");
      hold.thaw();
    }
  }

  @Test
  void aSocketWithoutAnAgentIsAFailure() throws Exception {
    assertThatThrownBy(
            () -> new GuestAgent(directory.resolve("none"), LONG).freeze(new JobControl()))
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("cannot be reached");
    assertThatThrownBy(
            () -> new GuestAgent(directory.resolve("n".repeat(200)), LONG).freeze(new JobControl()))
        .isInstanceOf(QuiesceException.class)
        .hasMessageContaining("cannot be reached");
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> new GuestAgent(file, LONG).freeze(new JobControl()))
        .isInstanceOf(QuiesceException.class);
    try (FakeAgent agent = new FakeAgent(directory, (command, self) -> null)) {
      assertThatThrownBy(() -> freeze(agent, LONG))
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("closed from the other side");
      assertThat(agent.commands).containsExactly("guest-sync-delimited");
    }
  }

  @Test
  void aSocketThatIsSilentIsNotWaitedForForever() throws Exception {
    Path socket = directory.resolve("silent.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      assertThatThrownBy(() -> new GuestAgent(socket, HASTY).freeze(new JobControl()))
          .isInstanceOf(QuiesceException.class)
          .hasMessageContaining("the agent's answer to guest-sync-delimited did not come");
    }
  }

  @Test
  void aCancelledJobIsNotWaitedForAndThawed() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    JobControl control = new JobControl();
    try (FakeAgent agent =
        new FakeAgent(
            directory,
            (command, self) -> {
              if (command.equals("guest-fsfreeze-freeze")) {
                self.frozen = true;
                asked.countDown();
                return "";
              }
              return self.politely(command);
            })) {
      Thread canceller =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  asked.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                control.cancel();
              });
      assertThatThrownBy(() -> new GuestAgent(agent.socket, LONG).freeze(control))
          .isInstanceOf(JobCancelledException.class);
      canceller.join();
      assertThat(agent.frozen).isFalse();
    }
  }

  @Test
  void anInterruptedThreadThawsAndStaysInterrupted() throws Exception {
    try (FakeAgent agent = FakeAgent.polite(directory)) {
      Quiescer.Hold hold = freeze(agent, LONG);
      Thread.currentThread().interrupt();
      hold.thaw();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(agent.frozen).isFalse();
    }
  }

  private static Quiescer.Hold freeze(FakeAgent agent, GuestAgent.Timeouts timeouts)
      throws IOException {
    return new GuestAgent(agent.socket, timeouts).freeze(new JobControl());
  }

  /** Polite but for one command. */
  private FakeAgent answering(String command, String answer) throws IOException {
    return new FakeAgent(
        directory,
        (called, self) -> {
          if (called.equals(command)) {
            self.frozen = true;
            return answer;
          }
          return self.politely(called);
        });
  }

  /** Says something before its first answer to each sync. */
  private FakeAgent talkativeBeforeSync(String leftover) throws IOException {
    return new FakeAgent(
        directory,
        (called, self) -> called.equals("guest-sync-delimited") ? leftover : self.politely(called));
  }
}
