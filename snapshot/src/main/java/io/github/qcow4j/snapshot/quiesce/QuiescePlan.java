package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessSignal;
import io.github.qcow4j.nativeio.Processes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whom to ask to hold still, in this order, and what to do when one does not.
 *
 * @param quiescers asked from the first to the last, let go from the last to the first
 * @param onFailure what to do when one fails
 */
public record QuiescePlan(List<Quiescer> quiescers, OnQuiesceFailure onFailure) {

  /** Keeps a copy of the list. */
  public QuiescePlan {
    quiescers = List.copyOf(quiescers);
  }

  /** Nobody is asked. */
  public static QuiescePlan nothing() {
    return new QuiescePlan(List.of(), OnQuiesceFailure.ABORT);
  }

  /**
   * The plan for a box.
   *
   * @param mode what the caller wants
   * @param onFailure what to do when one fails
   * @param processes the processes of this host
   * @param holder the process that writes to the box, or null when it is not known
   * @param boxName what hooks are told
   */
  public static QuiescePlan of(
      QuiesceMode mode,
      OnQuiesceFailure onFailure,
      Processes processes,
      @Nullable ProcessIdentity holder,
      String boxName) {
    boolean pausable =
        holder != null
            && processes.signals().contains(ProcessSignal.STOP)
            && processes.signals().contains(ProcessSignal.CONTINUE);
    List<Quiescer> quiescers = new ArrayList<>();
    switch (mode) {
      case QuiesceMode.None none -> {
        return new QuiescePlan(quiescers, onFailure);
      }
      case QuiesceMode.Pause pause -> {
        // Asked for by name: a plan without it would be another one. It fails with words.
        quiescers.add(new ProcessPause(processes, holder));
        return new QuiescePlan(quiescers, onFailure);
      }
      case QuiesceMode.Auto auto -> {}
      case QuiesceMode.Agent agent -> quiescers.add(new GuestAgent(agent.socket()));
      case QuiesceMode.Hook hook -> quiescers.add(new HookProgram(hook.program(), boxName));
    }
    if (pausable) {
      quiescers.add(new ProcessPause(processes, holder));
    }
    return new QuiescePlan(quiescers, onFailure);
  }
}
