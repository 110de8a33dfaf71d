package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.Hold;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.journal.Journal;
import io.github.qcow4j.snapshot.lease.Leases;
import io.github.qcow4j.snapshot.quiesce.GuestAgent;
import io.github.qcow4j.snapshot.quiesce.HookProgram;
import io.github.qcow4j.snapshot.quiesce.ProcessPause;
import io.github.qcow4j.snapshot.quiesce.QuiesceException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Lets those go on that a process had made to hold still before it was killed. What was not held
 * any more is not harmed by that; but of a process's family all go on, also those that somebody
 * else had stopped before.
 *
 * @param volume whose processes there are
 * @param catalogue where boxes are
 * @param leases who runs them
 */
public record LettingGo(Volume volume, Catalogue catalogue, Leases leases)
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
  public boolean thaw(Intent intent) throws IOException {
    if (intent.holds().isEmpty()) {
      return true;
    }
    String boxId = intent.boxId();
    BoxRow box = boxId == null ? null : catalogue.read(rows -> new Boxes(rows).byId(boxId));
    boolean running = box != null && new Runners(leases).isRunning(box);
    boolean gone = true;
    for (Hold hold : intent.holds().reversed()) {
      try {
        letGo(hold, box, running);
      } catch (QuiesceException e) {
        gone = false;
      }
    }
    // Of a box that nobody runs any more there is nobody to be looked after.
    return gone || !running;
  }

  private void letGo(Hold hold, @Nullable BoxRow box, boolean running) throws IOException {
    switch (hold.kind()) {
      case AGENT -> {
        GuestAgent agent = new GuestAgent(Path.of(hold.target()));
        if (running || agent.isListening()) {
          agent.thaw();
        }
      }
      case HOOK -> new HookProgram(Path.of(hold.target()), box == null ? "" : box.name()).thaw();
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
