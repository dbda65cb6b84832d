



using Lstm.Runtime;

namespace Lstm.Tests.Kernels;

/// <summary>With microseconds as ticks.</summary>
public class BackOffTests
{
    private const long Second = 1_000_000;

    [Fact]
    public void A_job_that_took_no_longer_than_its_caller_alone_leaves_the_workers_in()
    {
        BackOff back = new(Second);
        back.Add(begun: 0, ran: 100, ended: 100, own: 1, others: 1);
        back.Add(begun: 0, ran: 100, ended: 200, own: 1, others: 1);
        back.Add(begun: 0, ran: 300, ended: 400, own: 3, others: 1);
        back.Add(begun: 0, ran: 300, ended: 300, own: 3, others: 0);
        Assert.False(back.IsAlone(400));
    }

    [Fact]
    public void A_loss_is_followed_by_eight_times_as_long_alone_and_the_next_ones_by_twice_that()
    {
        BackOff back = new(Second);
        long now = 0;
        foreach (int times in new[] { 8, 16, 32, 64, 64 })
        {
            // 100 for the own share, 300 for the other's: 200 more than alone.
            back.Add(now, now + 100, now + 400, own: 1, others: 1);
            now += 400 + (200 * times);
            Assert.True(back.IsAlone(now - 1));
            Assert.False(back.IsAlone(now));
        }
    }

    [Fact]
    public void Small_losses_count_when_they_add_up()
    {
        BackOff back = new(Second);
        back.Add(0, 100, 209, own: 1, others: 1);
        Assert.False(back.IsAlone(209));
        back.Add(0, 100, 201, own: 1, others: 1);
        Assert.True(back.IsAlone(201 + (10 * 8) - 1));
        Assert.False(back.IsAlone(201 + (10 * 8)));
    }

    [Fact]
    public void A_quarter_of_the_gains_pays_for_losses_up_to_a_millisecond()
    {
        BackOff back = new(Second);
        back.Add(0, 1000, 1200, own: 1, others: 1);
        back.Add(0, 100, 400, own: 1, others: 1);
        Assert.False(back.IsAlone(400));
        back.Add(0, 100_000, 100_000, own: 1, others: 1);
        back.Add(0, 100, 1700, own: 1, others: 1);
        Assert.True(back.IsAlone(1700 + (500 * 8) - 1));
        Assert.False(back.IsAlone(1700 + (500 * 8)));
    }

    [Fact]
    public void Time_alone_is_a_fifth_of_a_second_at_most_unless_eight_losses_are_longer()
    {
        BackOff back = new(Second);
        back.Add(0, 100, 20_200, own: 1, others: 1);
        Assert.True(back.IsAlone(20_200 + 160_000 - 1));
        Assert.False(back.IsAlone(20_200 + 160_000));
        back.Add(0, 100, 20_200, own: 1, others: 1);
        Assert.True(back.IsAlone(20_200 + 200_000 - 1));
        Assert.False(back.IsAlone(20_200 + 200_000));
        back.Add(0, 100, 100_200, own: 1, others: 1);
        Assert.True(back.IsAlone(100_200 + 800_000 - 1));
        Assert.False(back.IsAlone(100_200 + 800_000));
    }

    [Fact]
    public void Sixty_four_jobs_without_a_loss_make_the_next_one_a_first()
    {
        BackOff back = new(Second);
        back.Add(0, 100, 400, own: 1, others: 1);
        back.Add(0, 100, 400, own: 1, others: 1);
        for (int i = 0; i < 64; i++)
        {
            Assert.True(back.IsAlone(400 + (200 * 16) - 1));
            back.Add(0, 100, 200, own: 1, others: 1);
        }

        back.Add(10_000, 10_100, 10_400, own: 1, others: 1);
        Assert.True(back.IsAlone(10_400 + (200 * 8) - 1));
        Assert.False(back.IsAlone(10_400 + (200 * 8)));
    }
}
