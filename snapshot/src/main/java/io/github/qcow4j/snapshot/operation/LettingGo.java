package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.Hold;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.journal.Journal;
import io.github.qcow4j.snapshot.lease.Leases;
import io.github.qcow4j.snapshot.quiesce.GuestAgent;
import io.github.qcow4j.snapshot.quiesce.HookProgram;
import io.github.qcow4j.snapshot.quiesce.ProcessPause;
import io.github.qcow4j.snapshot.quiesce.QuiesceException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets those go on that a process had made to hold still before it was killed. What was not held
 * any more is not harmed by that; but of a process's family all go on, also those that somebody
 * else had stopped before.
 *
 * @param volume whose processes there are
 * @param catalogue where boxes are
 * @param leases who runs them
 * @param hookMillis how long a hook may take, at least 1
 * @param notices gets a line about what takes long, or may still hold still
 */
public record LettingGo(
    Volume volume, Catalogue catalogue, Leases leases, long hookMillis, Consumer<String> notices)
    implements Journal.Thawing {

  private static final String BETWEEN = " ";

  static Hold agent(Path socket) {
    return new Hold(Hold.Kind.AGENT, socket.toAbsolutePath().toString());
  }

  static Hold hook(Path program) {
    return new Hold(Hold.Kind.HOOK, program.toAbsolutePath().toString());
  }

  static Hold process(ProcessIdentity writer) {
    return new Hold(Hold.Kind.PROCESS, writer.pid() + BETWEEN + writer.start());
  }

  @Override
  public boolean thaw(Intent intent, boolean again) throws IOException {
    if (intent.holds().isEmpty()) {
      return true;
    }
    String boxId = intent.boxId();
    BoxRow box = boxId == null ? null : catalogue.read(rows -> new Boxes(rows).byId(boxId));
    boolean running = box != null && new Runners(leases).isRunning(box);
    if (catalogue.read(rows -> new Intents(rows).thawWasLate(intent)) && !(again && running)) {
      return !running;
    }
    boolean gone = true;
    boolean late = false;
    for (Hold hold : intent.holds().reversed()) {
      try (LongWait _ = new LongWait(notices, "waiting for " + inWords(hold, box))) {
        letGo(hold, box, running);
      } catch (QuiesceException e) {
        gone = false;
        late |= e.isLate();
        tell(e, box, running);
      }
    }
    if (late) {
      catalogue.write(rows -> {
        new Intents(rows).noteLateThaw(intent);
        return intent;
      });
    }
    // Of a box that nobody runs any more there is nobody to be looked after.
    return gone || !running;
  }

  private static String inWords(Hold hold, @Nullable BoxRow box) {
    return "%s %s to let the writers of box '%s' go, after a capture that was killed"
        .formatted(hold.kind().label(), hold.target(), box == null ? "" : box.name());
  }

  private void tell(QuiesceException failure, @Nullable BoxRow box, boolean running) {
    if (box == null || !running) {
      return;
    }
    try {
      notices.accept(
          "box '%s' may still hold still, for %s; mend that, and run check"
              .formatted(box.name(), failure.getMessage()));
    } catch (RuntimeException e) {
      // Whoever listens is not part of it: that he fails says nothing about the box.
    }
  }

  private void letGo(Hold hold, @Nullable BoxRow box, boolean running) throws IOException {
    switch (hold.kind()) {
      case AGENT -> {
        GuestAgent agent = new GuestAgent(Path.of(hold.target()));
        if (running || agent.isListening()) {
          agent.thaw();
        }
      }
      case HOOK ->
          new HookProgram(Path.of(hold.target()), box == null ? "" : box.name(), hookMillis).thaw();
      case PROCESS -> {
        int between = hold.target().indexOf(BETWEEN);
        ProcessIdentity writer =
            new ProcessIdentity(
                Long.parseLong(hold.target().substring(0, between)),
                hold.target().substring(between + 1));
        new ProcessPause(Volumes.processes(volume), writer).letGo();
      }
    }
  }
}
