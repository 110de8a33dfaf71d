package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.simulator.Event.Data;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * The ways in which a power cut may treat a number of pending events: all subsets when they are
 * few, else the telling ones and then random ones; and events torn between sectors.
 */
final class Choices {

  private final List<Event> pending;
  private final int sectorBytes;
  private final int limit;
  private final Random random;

  Choices(List<Event> pending, int sectorBytes, int limit, long seed) {
    this.pending = pending;
    this.sectorBytes = sectorBytes;
    this.limit = limit;
    this.random = new Random(seed);
  }

  boolean exhaustive() {
    return pending.size() < 31 && 1L << pending.size() <= limit;
  }

  List<Choice> all() {
    List<Choice> choices = new ArrayList<>();
    if (exhaustive()) {
      for (long bits = 0; bits < 1L << pending.size(); bits++) {
        choices.add(Choice.keeping(bits));
      }
    } else {
      addTelling(choices);
    }
    addTears(choices);
    boolean tearable = pending.stream().anyMatch(event -> sectors(event) > 1);
    int wanted = exhaustive() && !tearable ? choices.size() : limit;
    while (choices.size() < wanted) {
      choices.add(randomly());
    }
    return choices;
  }

  /** Nothing, everything, everything up to a point, everything but one, only one. */
  private void addTelling(List<Choice> choices) {
    int count = pending.size();
    for (int at = 0; at <= count; at++) {
      choices.add(Choice.keepingRange(0, at));
    }
    for (int at = 0; at < count && choices.size() < limit; at++) {
      Choice allButOne = Choice.keepingRange(0, count);
      allButOne.kept.clear(at);
      choices.add(allButOne);
      choices.add(Choice.keepingRange(at, at + 1));
      choices.add(Choice.keepingRange(at, count));
    }
  }

  /**
   * Each event torn at its first, middle and last border, with what came before, all, or nothing.
   */
  private void addTears(List<Choice> choices) {
    int count = pending.size();
    for (int at = 0; at < count && choices.size() < 2L * limit; at++) {
      int sectors = sectors(pending.get(at));
      if (sectors == 0) {
        continue;
      }
      for (int border : new int[] {0, 1, sectors / 2, sectors - 1}) {
        if (border >= sectors) {
          continue;
        }
        choices.add(Choice.keepingRange(0, at).tearing(at, sector -> sector < border));
        choices.add(Choice.keepingRange(0, count).tearing(at, sector -> sector < border));
        choices.add(Choice.keepingRange(0, 0).tearing(at, sector -> sector < border));
        choices.add(Choice.keepingRange(0, count).tearing(at, sector -> sector >= border));
      }
    }
  }

  private Choice randomly() {
    Choice choice = new Choice(new BitSet());
    int keepOf8 = 1 + random.nextInt(7);
    for (int at = 0; at < pending.size(); at++) {
      if (sectors(pending.get(at)) > 1 && random.nextInt(4) == 0) {
        long seed = random.nextLong();
        choice.tearing(at, sector -> (Page.mix(seed + sector) & 1) == 0);
      } else if (random.nextInt(8) < keepOf8) {
        choice.kept.set(at);
      }
    }
    return choice;
  }

  private int sectors(Event event) {
    return event instanceof Data data ? data.change().sectors(sectorBytes) : 0;
  }
}
