// A sieve and a checksum over its primes: arrays and loops as AssemblyScript programs have them.
export function primes(limit: i32): i32 {
  const composite = new Array<bool>(limit + 1);
  let count = 0;
  for (let i = 2; i <= limit; i++) {
    if (composite[i]) continue;
    count++;
    for (let j = i * i; j <= limit; j += i) composite[j] = true;
  }
  return count;
}

export function checksum(limit: i32): u64 {
  let sum: u64 = 1;
  for (let i = 2; i <= limit; i++) if (isPrime(i)) sum = sum * 31 + i;
  return sum;
}

function isPrime(n: i32): bool {
  for (let i = 2; i * i <= n; i++) if (n % i == 0) return false;
  return true;
}
