package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.model.Holder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an operation is about to do; it stands in the catalogue until the operation is over.
 *
 * @param seq its number, never used again; 0 before it has one
 * @param operation what is done, in a word
 * @param boxId the box that it is done to, or null
 * @param phase how far it is
 * @param holder the process that does it
 * @param made the files that are made, by their places below the home
 * @param read files of the home that are read meanwhile
 * @param switches what is done to live disks once the new files are complete
 * @param changes how the catalogue changes with it
 * @param doomed files that go when it has
 * @param holds who is made to hold still meanwhile, in this order
 */
public record Intent(
    long seq,
    String operation,
    @Nullable String boxId,
    Phase phase,
    Holder holder,
    List<String> made,
    List<String> read,
    List<FileSwitch> switches,
    List<Change> changes,
    List<String> doomed,
    List<Hold> holds) {

  /** How far an operation is. */
  public enum Phase {
    /** The catalogue has not changed yet. */
    MAKING,
    /** The catalogue has changed; files that are not needed any more are being removed. */
    SWEEPING,
    /** What it is about cannot be read any more: it can be neither ended nor undone. */
    DAMAGED
  }

  public Intent {
    made = List.copyOf(made);
    read = List.copyOf(read);
    switches = List.copyOf(switches);
    changes = List.copyOf(changes);
    doomed = List.copyOf(doomed);
    holds = List.copyOf(holds);
  }

  /** The same with its number. */
  Intent numbered(long number) {
    return new Intent(
        number, operation, boxId, phase, holder, made, read, switches, changes, doomed, holds);
  }

  /** The same, done but for the files that go. */
  public Intent sweeping() {
    return emptied(Phase.SWEEPING, doomed);
  }

  /** The same, when no more is known of it. */
  Intent damaged() {
    return emptied(Phase.DAMAGED, List.of());
  }

  private Intent emptied(Phase newPhase, List<String> stillDoomed) {
    return new Intent(
        seq,
        operation,
        boxId,
        newPhase,
        holder,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        stillDoomed,
        List.of());
  }
}
