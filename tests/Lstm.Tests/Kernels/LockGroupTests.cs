using Lstm.Runtime;

namespace Lstm.Tests.Kernels;

public class LockGroupTests
{
    [Fact]
    public void Enter_of_groups_in_opposite_orders_excludes_each_other_and_ends()
    {
        Lock[] locks = [new(), new(), new()];
        LockGroup[] groups = [new(locks), new(locks[2], locks[1], locks[0]), new(locks[1], locks[2], locks[0])];
        int inside = 0, most = 0, entered = 0;
        Thread[] threads = [.. groups.Select(group => new Thread(() =>
        {
            for (int i = 0; i < 2000; i++)
            {
                using LockGroup.Scope scope = group.Enter();
                most = Math.Max(most, Interlocked.Increment(ref inside));
                entered++;
                Interlocked.Decrement(ref inside);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(1, most);
        Assert.Equal(6000, entered);
        Assert.All(locks, free => Assert.True(free.TryEnter()));
    }

    [Fact]
    public void Enter_by_the_thread_that_holds_the_locks_is_counted()
    {
        Lock[] locks = [new(), new()];
        LockGroup group = new(locks);
        using (LockGroup.Scope outer = group.Enter())
        {
            using (LockGroup.Scope inner = group.Enter())
            {
            }

            Assert.All(locks, held => Assert.True(held.IsHeldByCurrentThread));
        }

        Assert.All(locks, free => Assert.False(free.IsHeldByCurrentThread));
    }
}
