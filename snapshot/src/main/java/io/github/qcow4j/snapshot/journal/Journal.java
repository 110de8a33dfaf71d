package io.github.qcow4j.snapshot.journal;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.error.UnsettledException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.Leases;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries out intents.
 *
 * <pre>
 * intent committed → new files made, synced, their directories synced → live files switched
 *   → changes of the catalogue committed → files that are not needed any more removed → intent gone
 * </pre>
 *
 * <p>What fails before the result is committed is undone: the switches, then the new files. What
 * fails afterwards is left to {@link Recovery}, as is everything when the process dies. An intent
 * is therefore told as failed only when it is undone, or is sure to be; as done when it is, even if
 * something failed on the way or files are still to be removed; and else as {@link
 * UnsettledException}.
 *
 * <p>Any thread; the caller keeps others away from what the intent is about.
 */
public final class Journal {

  private final Volume volume;
  private final HomeLayout layout;
  private final Catalogue catalogue;
  private final Leases leases;
  private final InstantSource clock;
  private final Thawing thawing;
  private final Consumer<Step> observer;

  /** Makes the files of an intent, complete and durable but for their names. */
  @FunctionalInterface
  public interface Making {

    /** Makes them. */
    void make() throws IOException;
  }

  /** Lets those go on that a dead process had made to hold still. */
  @FunctionalInterface
  public interface Thawing {

    /**
     * Does it.
     *
     * @param again whether to ask those too that did not answer in time before
     * @return false when somebody may still hold still, and it is to be tried again
     */
    boolean thaw(Intent intent, boolean again) throws IOException;
  }

  /**
   * @param thawing what recovery begins with
   * @param observer told of every step; for tests that end the process there
   */
  public Journal(
      Volume volume,
      HomeLayout layout,
      Catalogue catalogue,
      Leases leases,
      InstantSource clock,
      Thawing thawing,
      Consumer<Step> observer) {
    this.volume = volume;
    this.layout = layout;
    this.catalogue = catalogue;
    this.leases = leases;
    this.clock = clock;
    this.thawing = thawing;
    this.observer = observer;
  }

  /** Carries out an intent; its result is durable on return. */
  public void run(Intent draft, Making making) throws IOException {
    Held held = begin(draft);
    Intent intent = held.intent();
    try (Lease _ = held.lease()) {
      observer.accept(Step.INTENT_COMMITTED);
      int switched = 0;
      try {
        making.make();
        syncDirectories(intent.made(), intent.switches());
        observer.accept(Step.FILES_MADE);
        for (FileSwitch each : intent.switches()) {
          switched++;
          FileSwitches.of(volume, layout, each).run();
          observer.accept(Step.SWITCHED);
        }
        complete(intent);
      } catch (UnsettledException e) {
        // Nobody can tell whether it is done: recovery looks again.
        throw e;
      } catch (IOException | RuntimeException e) {
        if (!endedAfter(e, intent, switched)) {
          throw e;
        }
        return;
      }
      observer.accept(Step.RESULT_COMMITTED);
      if (!intent.doomed().isEmpty()) {
        sweepQuietly(intent);
      }
    }
  }

  private record Held(Intent intent, Lease lease) {}

  private Held begin(Intent draft) throws IOException {
    @Nullable Lease[] lease = new @Nullable Lease[1];
    try {
      Intent intent =
          catalogue.write(rows -> {
            Intents intents = new Intents(rows);
            requireNoneAgainst(intents, draft);
            Intent added = intents.add(draft, clock.instant());
            // Before anybody else can see it: who sees it unlocked takes this process for dead.
            lease[0] = leases.intent(added.seq());
            if (lease[0] == null) {
              throw new IOException("somebody holds the lock of an intent that is not yet there");
            }
            return added;
          });
      return new Held(intent, Objects.requireNonNull(lease[0]));
    } catch (IOException | RuntimeException e) {
      try (Lease _ = lease[0]) {
        throw e;
      }
    }
  }

  /** Whatever it is about, it has to wait for what was begun on the same files before. */
  private static void requireNoneAgainst(Intents intents, Intent draft)
      throws CatalogueException, InUseException {
    Intent other = intents.against(draft);
    if (other != null) {
      throw new InUseException(
          "a file of it is still to be changed by '%s', which was begun"
              .formatted(other.operation()),
          other.holder().inWords());
    }
  }

  /** Makes the changes of rows; when that fails, looks whether it was done all the same. */
  private void complete(Intent intent) throws IOException {
    try {
      catalogue.write(rows -> {
        new Intents(rows).complete(intent);
        return intent;
      });
    } catch (IOException e) {
      if (!wasCompleted(intent, e)) {
        throw e;
      }
    }
  }

  private boolean wasCompleted(Intent intent, IOException failure) throws IOException {
    try {
      Intent left = catalogue.read(rows -> new Intents(rows).bySeq(intent.seq()));
      return left == null || left.phase() == Intent.Phase.SWEEPING;
    } catch (IOException e) {
      failure.addSuppressed(e);
      throw new UnsettledException(failure);
    }
  }

  /** Of any other failure the kind matters more than what was left to be undone. */
  private static boolean isOfStorage(IOException failure) {
    return switch (failure) {
      case BoxException told -> told.kind() == BoxException.Kind.FAILED;
      case ImageException _, JobCancelledException _, NoSuchFileException _ -> false;
      default -> true;
    };
  }

  /**
   * Undoes what failed. Of a rebase the header alone tells whether it failed before or after the
   * one write that matters: one that is done is ended instead.
   *
   * @param switched how many switches were begun
   * @return whether it is done
   */
  private boolean endedAfter(Exception failure, Intent intent, int switched)
      throws UnsettledException {
    try {
      if (intent.switches().stream().anyMatch(each -> each.kind() == FileSwitch.Kind.REBASE)) {
        return new Recovery(this).end(intent);
      }
      rollBack(intent, intent.switches().subList(0, switched));
    } catch (IOException | RuntimeException e) {
      // The intent stands; whoever opens the home next goes on here.
      failure.addSuppressed(e);
      if (failure instanceof IOException cause && (switched > 0 || isOfStorage(cause))) {
        throw new UnsettledException(cause);
      }
    }
    return false;
  }

  /** Makes the files what they were before, and forgets the intent. */
  void rollBack(Intent intent, List<FileSwitch> switches) throws IOException {
    for (FileSwitch each : switches.reversed()) {
      FileSwitches.of(volume, layout, each).rollBack();
    }
    remove(intent.made());
    removeUnfinished(intent.made());
    catalogue.write(rows -> {
      new Intents(rows).remove(intent);
      return intent;
    });
  }

  /** Ends what was begun, all new files being complete. */
  void rollForward(Intent intent) throws IOException {
    for (FileSwitch each : intent.switches()) {
      FileSwitches.of(volume, layout, each).rollForward();
    }
    complete(intent);
    if (!intent.doomed().isEmpty()) {
      sweep(intent);
    }
  }

  private void sweepQuietly(Intent intent) {
    try {
      sweep(intent);
    } catch (IOException e) {
      // The result stands; the rest of the intent tells recovery which files are left.
    }
  }

  /** Removes the files that are not needed any more. */
  void sweep(Intent intent) throws IOException {
    remove(intent.doomed());
    observer.accept(Step.SWEPT);
    catalogue.write(rows -> {
      new Intents(rows).remove(intent);
      return intent;
    });
  }

  /** What {@link AtomicFile} leaves of a file whose writer is killed before it has its name. */
  private void removeUnfinished(List<String> made) throws IOException {
    Set<Path> directories = new LinkedHashSet<>();
    Set<String> beginnings = new LinkedHashSet<>();
    for (String file : made) {
      directories.add(directoryOf(layout.resolve(file)));
      beginnings.add("." + layout.resolve(file).getFileName() + ".");
    }
    for (Path directory : directories) {
      boolean removed = false;
      for (String name : volume.list(directory)) {
        if (name.endsWith(AtomicFile.TEMPORARY_SUFFIX)
            && beginnings.stream().anyMatch(name::startsWith)) {
          volume.unlink(directory.resolve(name));
          removed = true;
        }
      }
      if (removed) {
        volume.syncDirectory(directory);
      }
    }
  }

  private void remove(Collection<String> files) throws IOException {
    Set<Path> directories = new LinkedHashSet<>();
    for (String file : files) {
      Path path = layout.resolve(file);
      try {
        requireNoLink(directoryOf(path));
        volume.unlink(path);
      } catch (NoSuchFileException e) {
        // Not made yet, or removed before; which of the two became durable is not known.
      }
      directories.add(directoryOf(path));
    }
    for (Path directory : directories) {
      try {
        volume.syncDirectory(directory);
      } catch (NoSuchFileException e) {
        // A staging directory may be gone before, or lost with the power: nothing is in it then.
      }
    }
  }

  /** A home may come from a stranger: where a link in it leads is no place to remove files. */
  private void requireNoLink(Path directory) throws IOException {
    for (Path at = directory; layout.isWithinStaging(at); at = directoryOf(at)) {
      if (volume.linkStatus(at).kind() != FileKind.DIRECTORY) {
        throw new DisagreementException("'" + at + "' is no directory any more");
      }
    }
  }

  /** A new file whose name is switched at once need not have that name durable before. */
  private void syncDirectories(List<String> made, List<FileSwitch> switches) throws IOException {
    Set<Path> directories = new LinkedHashSet<>();
    for (String file : made) {
      if (switches.stream().noneMatch(each -> each.fresh().equals(file))) {
        directories.add(directoryOf(layout.resolve(file)));
      }
    }
    sync(directories);
  }

  private void sync(Set<Path> directories) throws IOException {
    for (Path directory : directories) {
      volume.syncDirectory(directory);
    }
  }

  private static Path directoryOf(Path file) {
    Path parent = file.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("no directory: " + file);
    }
    return parent;
  }

  /** Takes the right to carry out an intent; null when the process that began it lives. */
  @Nullable Lease take(Intent intent) throws IOException {
    return leases.intent(intent.seq());
  }

  /** Lets those go on that the intent's dead process had made to hold still. */
  boolean thaw(Intent intent, boolean again) throws IOException {
    return thawing.thaw(intent, again);
  }

  Volume volume() {
    return volume;
  }

  HomeLayout layout() {
    return layout;
  }

  Catalogue catalogue() {
    return catalogue;
  }
}
