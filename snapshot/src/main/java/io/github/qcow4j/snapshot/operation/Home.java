package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Hold;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.journal.Ending;
import io.github.qcow4j.snapshot.journal.Journal;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.layout.Ids;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.lease.Leases;
import io.github.qcow4j.snapshot.lease.ReadingLease;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What every operation works with.
 *
 * @param volume where all files are
 * @param layout where they stand
 * @param catalogue the catalogue
 * @param leases who works on what
 * @param journal carries out
 * @param ids new identifiers
 * @param clock the time
 * @param holder this process
 * @param externals what images outside the home may lead to
 * @param maxChainLayers how many images a chain may have before it is shortened; 2 and more
 */
public record Home(
    Volume volume,
    HomeLayout layout,
    Catalogue catalogue,
    Leases leases,
    Journal journal,
    Ids ids,
    InstantSource clock,
    Holder holder,
    ReferencePolicy externals,
    int maxChainLayers) {

  Instant now() {
    return Instant.ofEpochMilli(clock.instant().toEpochMilli());
  }

  <T extends @Nullable Object> T read(Catalogue.Work<T> work) throws IOException {
    return catalogue.read(work);
  }

  /** An intent of this process at its beginning. */
  Intent intent(
      String operation,
      @Nullable String boxId,
      List<String> made,
      List<String> read,
      List<FileSwitch> switches,
      List<Change> changes,
      List<String> doomed,
      List<Hold> holds) {
    return new Intent(
        0,
        operation,
        boxId,
        Intent.Phase.MAKING,
        holder,
        made,
        read,
        switches,
        changes,
        doomed,
        holds);
  }

  /** Carries out an intent that gives names; one that is taken meanwhile is told as such. */
  void runNaming(Intent intent, Journal.Making making, String what) throws IOException {
    try {
      journal.run(intent, making);
    } catch (CatalogueException e) {
      if (!e.constraint()) {
        throw e;
      }
      NameTakenException taken = new NameTakenException(what + " was taken meanwhile");
      taken.initCause(e);
      throw taken;
    }
  }

  /** A box that nobody else works on until the leases are given back; what died on it is ended. */
  BoxRow lock(String name, LeaseSet held) throws IOException {
    BoxRow box = read(rows -> new Boxes(rows).named(name));
    lockAsItIs(box, held);
    BoxRow now = endLeft(box);
    if (now == null || !now.name().equals(name)) {
      throw new BoxNotFoundException("box '" + name + "' was removed or renamed meanwhile");
    }
    return now;
  }

  /** Nobody else works on a box until the leases are given back; what died on it stays. */
  void lockAsItIs(BoxRow box, LeaseSet held) throws IOException {
    Lease lease = leases.operation(box.seq());
    if (lease == null) {
      throw new InUseException("box '" + box.name() + "' is being worked on", worker(box));
    }
    held.add(lease);
  }

  /**
   * Ends what died on a box that nobody else works on. Says what the box is then, null for none.
   *
   * @throws InUseException when another process is just ending something that changes the box
   * @throws IOException when something is left that may still change the box, which is in no
   *     quarantine
   */
  @Nullable BoxRow endLeft(BoxRow box) throws IOException {
    Left left = left(box);
    for (Intent each : left.intents()) {
      try {
        Ending ending = new Recovery(journal).run(each);
        if (ending == Ending.BUSY && isInTheWay(each)) {
          throw new InUseException(
              "what was cut short on box '" + nameOfBox(each, box) + "' is just being ended",
              worker(each));
        }
      } catch (CatalogueException | InUseException e) {
        throw e;
      } catch (IOException e) {
        // Who may use a box under quarantine gives up what was begun on it.
        if (!isRefused(box) && isInTheWay(each)) {
          throw hindered(each, box, e);
        }
      }
    }
    return left.intents().isEmpty() ? left.box() : read(rows -> new Boxes(rows).byId(box.id()));
  }

  private IOException hindered(Intent intent, BoxRow box, IOException reason) throws IOException {
    String message =
        "'%s' was cut short on box '%s', and cannot be brought to its end as yet: %s"
            .formatted(intent.operation(), nameOfBox(intent, box), reason.getMessage());
    if (reason instanceof ImageInUseException) {
      InUseException inUse = new InUseException(message, null);
      inUse.initCause(reason);
      return inUse;
    }
    return new IOException(message, reason);
  }

  /** The name of the box that it was done to, which may be another one. */
  private String nameOfBox(Intent intent, BoxRow box) throws IOException {
    String boxId = intent.boxId();
    BoxRow own = boxId == null ? null : read(rows -> new Boxes(rows).byId(boxId));
    return own == null ? box.name() : own.name();
  }

  /** Asked anew each time: what cannot be ended may put its box under quarantine. */
  private boolean isRefused(BoxRow box) throws IOException {
    BoxRow now = read(rows -> new Boxes(rows).byId(box.id()));
    return now == null || now.status() == BoxStatus.QUARANTINED;
  }

  /** Whether one that could not be ended would change more than remove files nobody needs. */
  boolean isInTheWay(Intent intent) throws IOException {
    Intent now = read(rows -> new Intents(rows).bySeq(intent.seq()));
    return now != null && now.phase() != Intent.Phase.SWEEPING;
  }

  /** What is left of a box, and of operations on it, once nobody else works on it. */
  private record Left(@Nullable BoxRow box, List<Intent> intents) {}

  private Left left(BoxRow box) throws IOException {
    return read(
        rows -> new Left(new Boxes(rows).byId(box.id()), new Intents(rows).concerning(box.id())));
  }

  /** The same for a box that is not running either, and whose disks can be relied on. */
  BoxRow lockStopped(String name, LeaseSet held) throws IOException {
    BoxRow box = lock(name, held);
    requireUsable(box);
    requireStopped(box);
    return box;
  }

  /** Requires that the disks of a box are known to be what the catalogue says. */
  void requireUsable(BoxRow box) throws WrongStateException {
    if (box.status() == BoxStatus.QUARANTINED) {
      throw new WrongStateException(
          "box '%s' is quarantined, for its disks are not what the catalogue says: see check,"
                  .formatted(box.name())
              + " restore it to a snapshot, or remove it");
    }
  }

  /** Whether somebody runs a box, see {@link Runners}. */
  boolean isRunning(BoxRow box) throws IOException {
    Runners runners = new Runners(leases);
    if (!runners.isRunning(box)) {
      return false;
    }
    // Whoever held it may have ended in order since the row was read.
    BoxRow now = read(rows -> new Boxes(rows).byId(box.id()));
    return now != null && runners.isRunning(now);
  }

  void requireStopped(BoxRow box) throws IOException {
    if (isRunning(box)) {
      Holder runner = box.holder();
      throw new InUseException(
          "box '" + box.name() + "' is running; stop it first: it is held",
          runner == null ? null : runner.inWords());
    }
  }

  /** Who works on a box, in words; null when it has just let go. */
  @Nullable String worker(BoxRow box) throws IOException {
    return inWords(leases.worker(box.seq()), read(rows -> new Intents(rows).ofBox(box.id())));
  }

  /** A process by its number; an intent of its own tells what it does. */
  private static @Nullable String inWords(long pid, List<Intent> intents) {
    for (Intent each : intents) {
      if (pid == 0 || each.holder().pid() == pid) {
        return each.holder().inWords();
      }
    }
    return pid == 0 ? null : "process " + pid;
  }

  /** Who carries out or ends what was begun, in words; null when it has just let go. */
  @Nullable String worker(Intent intent) throws IOException {
    long pid = leases.ender(intent.seq());
    return inWords(pid, pid == 0 ? List.of() : read(rows -> new Intents(rows).ofProcess(pid)));
  }

  /** Keeps an image from being removed. */
  void leaseForReading(ImageRow image, LeaseSet held) throws IOException {
    Lease lease = leases.reading(image.seq());
    if (lease == null) {
      throw inUse(image);
    }
    held.add(lease);
    if (read(rows -> new Images(rows).byId(image.id())) == null) {
      throw new BoxNotFoundException("layer '" + image.file() + "' was removed meanwhile");
    }
  }

  /**
   * Keeps an image and the layers of the home below it from being removed or changed, for whoever
   * reads through them. A live disk at the top is kept by the lease of its box.
   *
   * <p>Once an image is held, nobody lays it on another one. What the catalogue says is therefore
   * asked again until all that it names is held: twice, unless somebody is just at it.
   */
  void leaseChainForReading(ImageRow image, LeaseSet held) throws IOException {
    ReadingLease lease = leases.readingMany();
    held.add(lease);
    Set<String> had = new HashSet<>();
    boolean more = true;
    while (more) {
      List<ImageRow> chain = read(rows -> new Images(rows).chain(image.id()));
      if (chain.isEmpty()) {
        throw new BoxNotFoundException("layer '" + image.file() + "' was removed meanwhile");
      }
      more = false;
      for (ImageRow each : chain) {
        if (each.kind().frozen() && had.add(each.id())) {
          more = true;
          if (!lease.add(each.seq())) {
            throw inUse(each);
          }
        }
      }
    }
  }

  /** Keeps everybody from reading an image. */
  void leaseForChanging(ImageRow image, LeaseSet held) throws IOException {
    Lease lease = leases.changing(image.seq());
    if (lease == null) {
      throw inUse(image);
    }
    held.add(lease);
  }

  private InUseException inUse(ImageRow image) throws IOException {
    return new InUseException("layer '" + image.file() + "' is in use", worker(image));
  }

  /** Who works with an image, in words; null when it has just let go. */
  @Nullable String worker(ImageRow image) throws IOException {
    long pid = leases.user(image.seq());
    return inWords(pid, read(rows -> new Intents(rows).ofProcess(pid)));
  }

  /**
   * Requires of images from outside, for a disk to lie on, that none is a file of this home, by
   * whatever name. A live disk changes, and goes with its box; of a layer the catalogue would not
   * know that it is needed.
   */
  void requireOutside(List<Path> images) throws IOException {
    Set<FileIdentity> own = images.isEmpty() ? Set.of() : ownFiles();
    for (Path image : images) {
      if (layout.isPlaceOfFile(volume.realPath(image))
          || own.contains(volume.status(image).identity())) {
        throw new InvalidRequestException(
            "'%s' belongs to a box of this home; clone that box, or a snapshot of it"
                .formatted(image));
      }
    }
  }

  private Set<FileIdentity> ownFiles() throws IOException {
    Set<FileIdentity> own = new HashSet<>();
    for (ImageRow each : read(rows -> new Images(rows).all())) {
      try {
        boolean _ = own.add(volume.linkStatus(layout.resolve(each.file())).identity());
      } catch (NoSuchFileException e) {
        // Removed meanwhile, or missing: that is for others to tell.
      }
    }
    return own;
  }

  HomePolicy policy() {
    return new HomePolicy(this);
  }
}
