package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.journal.Journal;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.layout.HomeDirectories;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.layout.Ids;
import io.github.qcow4j.snapshot.lease.Leases;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.operation.Home;
import io.github.qcow4j.snapshot.operation.LettingGo;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Puts together what operations work with, and ends what dead processes have begun. */
final class HomeOpening {

  private HomeOpening() {}

  /** On the host, made when there is none. */
  static Home open(HomeOptions options, Volume volume) throws IOException {
    HomeLayout wanted = new HomeLayout(options.directory().toAbsolutePath());
    new ForgottenImages(volume, wanted).requireCatalogue();
    HomeLayout layout = NewHome.prepare(volume, options.directory());
    HomeDirectories.requireOneFileSystem(volume, layout);
    NewHome.makePrivate(volume, layout.catalogue());
    ForgottenImages images = new ForgottenImages(volume, layout);
    Catalogue catalogue = new CatalogueRoom(volume, layout).open(images::requireNone);
    makePrivate(volume, catalogue);
    return open(
        options, volume, layout, catalogue, new SecureRandom(), InstantSource.system(), step -> {});
  }

  /** SQLite makes copies readable for all. */
  private static void makePrivate(Volume volume, Catalogue catalogue) throws IOException {
    try {
      Path copy = catalogue.copy();
      if (copy != null) {
        volume.setPermissions(copy, HomeLayout.PRIVATE_FILE);
      }
    } catch (IOException | RuntimeException e) {
      try (catalogue) {
        throw e;
      }
    }
  }

  /**
   * On any volume, with its catalogue anywhere.
   *
   * @param catalogue closed when this throws
   * @param observer told of every step of an operation
   */
  static Home open(
      HomeOptions options,
      Volume volume,
      HomeLayout layout,
      Catalogue catalogue,
      RandomGenerator random,
      InstantSource clock,
      Consumer<Step> observer)
      throws IOException {
    Leases leases = new Leases(volume, layout.locks());
    LettingGo thawing =
        new LettingGo(volume, catalogue, leases, options.hookMillis(), options.notices());
    Journal journal = new Journal(volume, layout, catalogue, leases, clock, thawing, observer);
    try {
      if (!catalogue.isUnchanging()) {
        new Recovery(journal).run();
      }
    } catch (IOException | RuntimeException e) {
      try (catalogue) {
        throw e;
      }
    }
    return new Home(
        volume,
        layout,
        catalogue,
        leases,
        journal,
        new Ids(random, clock),
        clock,
        Holder.ofThisProcess(options.command()),
        options.externals(),
        options.maxChainLayers());
  }
}
